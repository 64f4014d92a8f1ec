# Sourced by ./test and bench/run: a PostgreSQL of their own, in the folder $scratch, gone at the end.
# $postgres_tuning, if it is set, holds more options (-c name=value …).
# PostgreSQL refuses to run as root; the Debian package makes the user that it wants.
as_postgres() { if ((EUID == 0)); then runuser -u postgres -- "$@"; else "$@"; fi; }

newest_postgres() {
    local bin best='' best_major=14 major
    for bin in /usr/lib/postgresql/*/bin; do
        major=$(basename "$(dirname "$bin")")
        [ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && ((major > best_major)) && best=$bin best_major=$major
    done
    printf '%s' "$best"
}

start_postgres() {
    postgres_bin=$(newest_postgres)
    local folder="$scratch/postgres" port attempt
    mkdir "$folder" && { ((EUID != 0)) || chown postgres "$folder"; } || return 1
    as_postgres "$postgres_bin/initdb" -D "$folder/data" -U postgres -A trust -E UTF8 --locale=C >"$scratch/initdb.log" 2>&1 \
        || { cat "$scratch/initdb.log" >&2; return 1; }
    for attempt in 1 2 3 4 5; do
        port=$((20000 + RANDOM % 10000))
        postgres_data="$folder/data"
        export postgres_bin postgres_data postgres_options="${postgres_tuning:-} -c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='$folder' -c max_connections=300 -c fsync=on"
        if as_postgres "$postgres_bin/pg_ctl" -D "$folder/data" -l "$folder/log" -w -t 60 -o "$postgres_options" start </dev/null >/dev/null 2>&1; then
            export REFILL_TEST_POSTGRES="Host=127.0.0.1;Port=$port;Username=postgres"
            return 0
        fi
        postgres_data=''
    done
    cat "$folder/log" >&2
    return 1
}

stop_postgres() {
    [ -n "$postgres_data" ] && as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data" -m immediate -w stop >/dev/null 2>&1
    postgres_data=''
}

# Stops it as a crash does, and starts it again after so many seconds.
pause_postgres() {
    as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data" -m immediate -w stop >/dev/null 2>&1 || return 1
    sleep "$1"
    as_postgres "$postgres_bin/pg_ctl" -D "$postgres_data" -l "${postgres_data%/data}/log" -w -t 60 -o "$postgres_options" start </dev/null >/dev/null 2>&1
}
