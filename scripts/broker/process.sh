# Sourced by scripts/kafka: jars, ports and the life of one process. Do not run it.
# Every broker carries -Dprosody.dir=DIR on its command line, and a process is signalled only after
# /proc/PID/cmdline has been seen to carry exactly that: a recycled process id is never hit.
JAVA=${PROSODY_JAVA:-java}
JARS=${PROSODY_JARS:-${XDG_CACHE_HOME:-$HOME/.cache}/prosody/jars}
START_TIMEOUT=${KAFKA_START_TIMEOUT:-180}

say() { printf '%s\n' "$NAME: $*" >&2; }
die() { say "$*"; exit 1; }

need() { # COMMAND WHAT-TO-INSTALL
  command -v "$1" >/dev/null 2>&1 || die "the command '$1' is missing; install $2, or run scripts/setup"
}

# Fetches the jars that pom.xml names, once per version of the file, under a lock so that several callers share one fetch.
fetch_jars() {
  local pom=$HERE/broker/pom.xml want tmp
  want=$(sha256sum <"$pom" | cut -c1-16)
  CLASSPATH_DIR=$JARS/kafka-$want
  [ -f "$CLASSPATH_DIR/.complete" ] && return 0
  need mvn "Maven (Debian: apt-get install maven)"
  mkdir -p "$JARS" || die "cannot write the jar cache $JARS; set PROSODY_JARS to a writable folder"
  exec 8>"$JARS/.lock"
  flock 8
  if [ ! -f "$CLASSPATH_DIR/.complete" ]; then
    tmp=$JARS/.fetch.$$
    rm -rf "$tmp"
    say "fetching the Kafka jars (44 MiB) with Maven into $JARS"
    mvn -B -q -f "$pom" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$tmp" \
      >"$JARS/maven.log" 2>&1 8>&- ||
      { tail -5 "$JARS/maven.log" >&2; rm -rf "$tmp"; die "Maven could not fetch the jars; log: $JARS/maven.log"; }
    touch "$tmp/.complete"
    rm -rf "$CLASSPATH_DIR"
    mv "$tmp" "$CLASSPATH_DIR"
  fi
  exec 8>&-
}

tcp_open() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# A killed JVM loses its command line before its sockets, so a port gets three seconds to become free.
require_free() { # PORT WHAT
  local i
  for i in $(seq 1 15); do
    tcp_open "$1" || return 0
    sleep 0.2
  done
  die "port $1 ($2) is taken by another process; leave the port out to have a free one chosen"
}

# Prints the first of N neighbouring ports that nobody listens on. They lie below the range from which
# the system takes the ports of outgoing connections, so no client can sit on one of them.
choose_ports() { # N
  local try first i
  for try in $(seq 1 100); do
    first=$((15000 + (RANDOM * 32768 + RANDOM) % 17000))
    for ((i = 0; i < $1; i++)); do
      tcp_open $((first + i)) && continue 2
    done
    echo "$first"
    return 0
  done
  die "found no $1 free neighbouring ports between 15000 and 32000"
}

state_of() { sed 's/^.*) //' "/proc/$1/stat" 2>/dev/null | cut -c1; }

gone() { [ ! -e "/proc/$1" ] || [ "$(state_of "$1")" = Z ]; }

# Prints the process id when our broker is alive, else fails.
own_pid() {
  local p
  p=$(cat "$DIR/pid" 2>/dev/null) || return 1
  [ -n "$p" ] && ! gone "$p" || return 1
  tr '\0' '\n' <"/proc/$p/cmdline" 2>/dev/null | grep -qxF -- "-Dprosody.dir=$DIR" || return 1
  echo "$p"
}

launch() { # LOG JAVA-ARGUMENTS...
  local log=$1
  shift
  [ -f "$log" ] && mv -f "$log" "$log.1"
  setsid nohup "$JAVA" "-Dprosody.dir=$DIR" "$@" >"$log" 2>&1 </dev/null 3>&- 8>&- &
  echo $! >"$DIR/pid"
}

# With KAFKA_OWNER=PID the broker ends when that process is gone, however it went; with KAFKA_EPHEMERAL=1 its folder too.
watch_owner() {
  [ -n "${KAFKA_OWNER:-}" ] || return 0
  (
    trap '' HUP INT TERM
    mine=$(cat "$DIR/pid")
    while [ -e "/proc/$KAFKA_OWNER" ] && [ "$(cat "$DIR/pid" 2>/dev/null)" = "$mine" ]; do sleep 1; done
    [ "$(cat "$DIR/pid" 2>/dev/null)" = "$mine" ] || exit 0
    stop_own
    [ "${KAFKA_EPHEMERAL:-}" = 1 ] && wipe_own
  ) >/dev/null 2>&1 </dev/null 3>&- 8>&- &
}

await_ready() {
  local since=$SECONDS
  until ready; do
    if ! own_pid >/dev/null; then
      sleep 0.3 # between fork and exec the command line is still the shell's
      own_pid >/dev/null || { tail -25 "$LOG" >&2; die "the broker ended before it was ready; log: $LOG"; }
    fi
    if [ $((SECONDS - since)) -ge "$START_TIMEOUT" ]; then
      tail -25 "$LOG" >&2
      stop_own
      die "not ready within $START_TIMEOUT s (KAFKA_START_TIMEOUT); log: $LOG"
    fi
    sleep 0.1
  done
}

resident_mib() { awk '/^VmRSS/ { printf "%d", $2 / 1024 }' "/proc/$1/status" 2>/dev/null; }

stop_own() {
  local p i
  p=$(own_pid) || { rm -f "$DIR/pid"; say "not running ($DIR)"; return 0; }
  kill -CONT "$p" 2>/dev/null
  kill -TERM "$p" 2>/dev/null
  for i in $(seq 1 $((${KAFKA_STOP_TIMEOUT:-30} * 10))); do
    gone "$p" && break
    sleep 0.1
  done
  if ! gone "$p"; then
    say "process $p did not end on SIGTERM, sending SIGKILL"
    kill -KILL "$p"
    until gone "$p"; do sleep 0.05; done
  fi
  rm -f "$DIR/pid"
  say "stopped process $p"
}

signal_own() { # SIGNAL WORD
  local p
  p=$(own_pid) || die "not running ($DIR)"
  kill "-$1" "$p"
  if [ "$1" = KILL ]; then
    until gone "$p"; do sleep 0.02; done
    rm -f "$DIR/pid"
  fi
  say "$2 process $p"
}

wipe_own() {
  own_pid >/dev/null && die "still running, stop it first ($DIR)"
  [ -e "$DIR" ] || return 0
  [ -f "$DIR/.prosody-kafka" ] || die "$DIR was not made by this script, so it is not removed"
  rm -rf -- "$DIR"
  say "removed $DIR"
}
