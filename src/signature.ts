import { WRAPPED } from './decorators.js';

// Up to the parameters: keywords and names only. A computed name, a string or a comment there is left unread.
const BEFORE_PARAMETERS = /^[\w$#*\s]*$/;
const ONE_BARE_PARAMETER = /^(?:async\s+)?[\w$]+\s*=>/;
// A default, a rest, a comment or a string among the parameters: taken as a wish for the signal.
const UNREADABLE = /[=/'"`]|\.\.\./;
// Ways to reach a parameter that is not declared. `\u` may spell either word.
const REACHES_ALL = /\barguments\b|\beval\b|\\u/;
const WANTED_BY = 3;

/**
 * Whether a handler may look at its third argument, judged by its source. Every doubt counts as yes: a signal that is
 * not read costs a little time, one that is missed breaks the program.
 */
export function wantsSignal(method: object): boolean {
  const wrapped = (method as Record<symbol, unknown>)[WRAPPED];
  if (typeof wrapped === 'function') return wantsSignal(wrapped);
  let source: string;
  try {
    source = Function.prototype.toString.call(method);
  } catch {
    return true;
  }
  if (source.includes('[native code]') || REACHES_ALL.test(source)) return true;
  if (ONE_BARE_PARAMETER.test(source)) return false;
  const parameters = parametersOf(source);
  return parameters === undefined || UNREADABLE.test(parameters) || count(parameters) >= WANTED_BY;
}

function parametersOf(source: string): string | undefined {
  const open = source.indexOf('(');
  if (open < 0 || !BEFORE_PARAMETERS.test(source.slice(0, open))) return undefined;
  let depth = 0;
  for (let at = open; at < source.length; at++) {
    const character = source.charAt(at);
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    if (depth === 0) return source.slice(open + 1, at);
  }
  return undefined;
}

function count(parameters: string): number {
  if (parameters.trim() === '') return 0;
  let depth = 0;
  let commas = 0;
  for (const character of parameters) {
    if ('([{'.includes(character)) depth += 1;
    else if (')]}'.includes(character)) depth -= 1;
    else if (character === ',' && depth === 0) commas += 1;
  }
  // A trailing comma declares nothing.
  return parameters.trimEnd().endsWith(',') ? commas : commas + 1;
}
