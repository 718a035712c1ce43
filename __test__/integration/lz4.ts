import { CompressionCodecs, CompressionTypes } from 'kafkajs';

const MAGIC = 0x184d2204;
const CONTENT_SIZE = 0x08;
const CONTENT_CHECKSUM = 0x04;
const BLOCK_CHECKSUM = 0x10;
const DICTIONARY = 0x01;
const STORED = 0x80000000;
const MIN_MATCH = 4;

/** Teaches kafkajs, which has none of its own, to read the codec that our producer uses. */
export function teachLz4(): void {
  CompressionCodecs[CompressionTypes.LZ4] = () => ({
    compress: () => Promise.reject(new Error('this codec only reads')),
    decompress: (frame: Buffer) => Promise.resolve(readFrame(frame)),
  });
}

/** What an LZ4 frame holds. Checksums are not looked at: Kafka has its own. */
function readFrame(frame: Buffer): Buffer {
  if (frame.readUInt32LE(0) !== MAGIC) throw new Error('no LZ4 frame');
  const flags = frame.readUInt8(4);
  let at = 7 + (flags & CONTENT_SIZE ? 8 : 0) + (flags & DICTIONARY ? 4 : 0);
  const out: number[] = [];
  for (;;) {
    const word = frame.readUInt32LE(at);
    at += 4;
    if (word === 0) break;
    const size = word & ~STORED;
    const block = frame.subarray(at, at + size);
    if (word >= STORED) for (const byte of block) out.push(byte);
    else readBlock(block, out);
    at += size + (flags & BLOCK_CHECKSUM ? 4 : 0);
  }
  if (at + (flags & CONTENT_CHECKSUM ? 4 : 0) > frame.length) throw new Error('a cut LZ4 frame');
  return Buffer.from(out);
}

/** One block: literals, then a copy of what came before, again and again; it ends with literals. */
function readBlock(block: Buffer, out: number[]): void {
  let at = 0;
  const length = (nibble: number): number => {
    let total = nibble;
    if (nibble === 15) {
      let more: number;
      do {
        more = block.readUInt8(at++);
        total += more;
      } while (more === 255);
    }
    return total;
  };
  while (at < block.length) {
    const token = block.readUInt8(at++);
    const literals = length(token >> 4);
    for (let n = 0; n < literals; n++) out.push(block.readUInt8(at++));
    if (at >= block.length) return;
    const back = block.readUInt16LE(at);
    at += 2;
    const copied = length(token & 15) + MIN_MATCH;
    for (let n = 0; n < copied; n++) {
      const byte = out[out.length - back];
      if (byte === undefined) throw new Error('an LZ4 match before the beginning');
      out.push(byte);
    }
  }
}
