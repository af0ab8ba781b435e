#!/bin/sh
# Makes the bots' role and database, once, as the superuser. BOT_PASSWORD_FILE holds the role's password; with "-" it is read
# from the standard input. The settings keep the server's log from saying when somebody pledged, and with what; `allout doctor`
# looks at them.
set -eu
BOT_PASSWORD=$(cat "${BOT_PASSWORD_FILE:-/run/secrets/bot-password}")
export BOT_PASSWORD  # not on a command line, which everybody on the machine can read
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres <<'SQL'
\set password `printf %s "$BOT_PASSWORD"`
SET password_encryption = 'scram-sha-256';
SET log_min_error_statement = 'panic';
CREATE ROLE allout LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'password';
ALTER ROLE allout SET log_statement = 'none';
ALTER ROLE allout SET log_min_duration_statement = -1;
ALTER ROLE allout SET log_parameter_max_length = 0;
ALTER ROLE allout SET log_parameter_max_length_on_error = 0;
ALTER ROLE allout SET log_min_error_statement = 'panic';
CREATE DATABASE allout OWNER allout ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE allout FROM PUBLIC;
SQL
