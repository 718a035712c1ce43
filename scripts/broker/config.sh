# Sourced by scripts/kafka: server.properties and the certificates of the SASL_SSL listener. Do not run it.
SASL_USER=${KAFKA_USER:-prosody}
SASL_PASSWORD=${KAFKA_PASSWORD:-prosody-secret}

# An own authority and one server certificate for 127.0.0.1 and localhost. Kafka reads PEM, so no key store is needed.
make_certificates() {
  [ -f "$CERTIFICATES/server.pem" ] && return 0
  need openssl "OpenSSL (Debian: apt-get install openssl)"
  mkdir -p "$CERTIFICATES"
  (
    set -e
    cd "$CERTIFICATES"
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=prosody test authority" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
      -keyout ca.key -out ca.pem
    openssl req -newkey rsa:2048 -nodes -subj "/CN=localhost" -keyout server.key -out server.csr
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth,clientAuth\n' >server.ext
    openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 3650 \
      -extfile server.ext -out server.crt
    cat server.key server.crt ca.pem >server.pem.new
    mv server.pem.new server.pem
  ) >"$CERTIFICATES/openssl.log" 2>&1 ||
    { tail -5 "$CERTIFICATES/openssl.log" >&2; die "could not make certificates; log: $CERTIFICATES/openssl.log"; }
}

properties() {
  local copies=${KAFKA_COPIES:-1} in_sync=1 listeners="PLAINTEXT://127.0.0.1:$PORT"
  [ "$copies" -gt 1 ] && in_sync=2
  [ "${KAFKA_SASL:-}" = 1 ] && listeners="$listeners,SASL_SSL://127.0.0.1:$((PORT + 2))"
  cat <<P
process.roles=broker,controller
node.id=$NODE
controller.quorum.voters=${KAFKA_VOTERS:-$NODE@127.0.0.1:$((PORT + 1))}
controller.listener.names=CONTROLLER
listeners=$listeners,CONTROLLER://127.0.0.1:$((PORT + 1))
advertised.listeners=$listeners
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
log.dirs=$DIR/data
num.partitions=1
default.replication.factor=$copies
min.insync.replicas=$in_sync
offsets.topic.replication.factor=$copies
offsets.topic.num.partitions=4
transaction.state.log.replication.factor=$copies
transaction.state.log.min.isr=$in_sync
transaction.state.log.num.partitions=4
share.coordinator.state.topic.replication.factor=$copies
share.coordinator.state.topic.min.isr=$in_sync
share.coordinator.state.topic.num.partitions=4
# Classic groups: the first member does not wait for others, and short sessions are allowed.
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=200
# KIP-848 groups: here the broker says session and heartbeat, not the client.
group.consumer.min.session.timeout.ms=200
group.consumer.session.timeout.ms=3000
group.consumer.min.heartbeat.interval.ms=100
group.consumer.heartbeat.interval.ms=300
group.consumer.assignment.interval.ms=0
# Small in memory, quick to notice a node that died.
log.cleaner.dedupe.buffer.size=4194304
log.cleaner.backoff.ms=5000
num.network.threads=2
num.io.threads=4
background.threads=4
broker.session.timeout.ms=3000
broker.heartbeat.interval.ms=500
controller.quorum.election.timeout.ms=500
controller.quorum.fetch.timeout.ms=1500
P
  if [ "${KAFKA_SASL:-}" = 1 ]; then
    local scram=org.apache.kafka.common.security.scram.ScramLoginModule
    cat <<P
ssl.keystore.type=PEM
ssl.keystore.location=$CERTIFICATES/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=$CERTIFICATES/ca.pem
ssl.client.auth=none
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$scram required;
listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config=$scram required;
listener.name.sasl_ssl.plain.sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required user_$SASL_USER="$SASL_PASSWORD";
P
  fi
  [ -n "${KAFKA_EXTRA:-}" ] && printf '%s\n' "$KAFKA_EXTRA"
  return 0
}
