# Sourced by scripts/kafka: server.properties and the certificates of its listeners. Do not run it.
SASL_USER=${KAFKA_USER:-prosody}
SASL_PASSWORD=${KAFKA_PASSWORD:-prosody-secret}

# Whether there is a second listener, SASL_SSL; and the further ones, one a kind of mistake or proof.
has_sasl() { [ "${KAFKA_SASL:-}" = 1 ] || [ "${KAFKA_SASL:-}" = all ]; }
has_all() { [ "${KAFKA_SASL:-}" = all ]; }

# An own authority and certificates by it. Kafka reads PEM, so no key store is needed.
make_certificates() {
  [ -f "$CERTIFICATES/client.pem" ] && return 0
  need openssl "OpenSSL (Debian: apt-get install openssl)"
  mkdir -p "$CERTIFICATES/issued"
  (
    set -e
    cd "$CERTIFICATES"
    openssl req -x509 -newkey rsa:2048 -nodes -days 3650 -subj "/CN=prosody test authority" \
      -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign \
      -keyout ca.key -out ca.pem
    : >index.txt
    # The command `ca` is the one that takes dates of the past.
    printf '%s\n' '[ca]' 'default_ca=it' '[it]' 'database=index.txt' 'new_certs_dir=issued' 'certificate=ca.pem' \
      'private_key=ca.key' 'default_md=sha256' 'rand_serial=yes' 'unique_subject=no' 'policy=any' '[any]' \
      'commonName=supplied' >ca.cnf
    certify server IP:127.0.0.1,DNS:localhost 20200101000000Z 20500101000000Z
    certify expired IP:127.0.0.1,DNS:localhost 20200101000000Z 20210101000000Z
    certify other-host DNS:kafka.example.org 20200101000000Z 20500101000000Z
    certify client DNS:client.example.org 20200101000000Z 20500101000000Z
    openssl pkcs8 -topk8 -in client.key -passout "pass:$SASL_PASSWORD" -out client.encrypted.key
  ) >"$CERTIFICATES/openssl.log" 2>&1 ||
    { tail -5 "$CERTIFICATES/openssl.log" >&2; die "could not make certificates; log: $CERTIFICATES/openssl.log"; }
}

certify() { # NAME WHOM FROM UNTIL
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$1" -keyout "$1.key" -out "$1.csr"
  printf 'subjectAltName=%s\nextendedKeyUsage=serverAuth,clientAuth\n' "$2" >"$1.ext"
  openssl ca -batch -notext -config ca.cnf -startdate "$3" -enddate "$4" -extfile "$1.ext" -in "$1.csr" -out "$1.crt"
  cat "$1.key" "$1.crt" ca.pem >"$1.pem.new"
  mv "$1.pem.new" "$1.pem"
}

properties() {
  local copies=${KAFKA_COPIES:-1} in_sync=1 listeners="PLAINTEXT://127.0.0.1:$PORT"
  [ "$copies" -gt 1 ] && in_sync=2
  has_sasl && listeners="$listeners,SASL_SSL://127.0.0.1:$((PORT + 2))"
  has_all && listeners="$listeners,SASL_PLAINTEXT://127.0.0.1:$((PORT + 3)),EXPIRED://127.0.0.1:$((PORT + 4))"
  has_all && listeners="$listeners,OTHERHOST://127.0.0.1:$((PORT + 5)),MUTUAL://127.0.0.1:$((PORT + 6))"
  cat <<P
process.roles=broker,controller
node.id=$NODE
controller.quorum.voters=${KAFKA_VOTERS:-$NODE@127.0.0.1:$((PORT + 1))}
controller.listener.names=CONTROLLER
listeners=$listeners,CONTROLLER://127.0.0.1:$((PORT + 1))
advertised.listeners=$listeners
inter.broker.listener.name=PLAINTEXT
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,EXPIRED:SSL,\
OTHERHOST:SSL,MUTUAL:SSL,CONTROLLER:PLAINTEXT
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
  if has_sasl; then
    cat <<P
ssl.keystore.type=PEM
ssl.keystore.location=$CERTIFICATES/server.pem
ssl.truststore.type=PEM
ssl.truststore.location=$CERTIFICATES/ca.pem
ssl.client.auth=none
sasl.enabled.mechanisms=SCRAM-SHA-512,SCRAM-SHA-256,PLAIN,OAUTHBEARER
P
    logins sasl_ssl
  fi
  if has_all; then
    logins sasl_plaintext
    cat <<P
# Sessions end soon, so that clients are seen to prove again who they are.
listener.name.sasl_plaintext.oauthbearer.connections.max.reauth.ms=1500
listener.name.expired.ssl.keystore.location=$CERTIFICATES/expired.pem
listener.name.otherhost.ssl.keystore.location=$CERTIFICATES/other-host.pem
listener.name.mutual.ssl.client.auth=required
P
  fi
  [ -n "${KAFKA_EXTRA:-}" ] && printf '%s\n' "$KAFKA_EXTRA"
  return 0
}

# Tokens are JSON web tokens without a signature, which Kafka takes by default; their time is checked.
logins() { # LISTENER
  local common=org.apache.kafka.common.security
  cat <<P
listener.name.$1.scram-sha-512.sasl.jaas.config=$common.scram.ScramLoginModule required;
listener.name.$1.scram-sha-256.sasl.jaas.config=$common.scram.ScramLoginModule required;
listener.name.$1.plain.sasl.jaas.config=$common.plain.PlainLoginModule required user_$SASL_USER="$SASL_PASSWORD";
listener.name.$1.oauthbearer.sasl.jaas.config=$common.oauthbearer.OAuthBearerLoginModule required \
unsecuredLoginStringClaim_sub="$SASL_USER";
P
}
