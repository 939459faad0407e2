#!/usr/bin/env bash
# Installs, starts, upgrades, removes and purges the Debian package in a bare Debian 12 made by
# debootstrap. usage: package_test.sh OLD.deb NEW.deb; as root. What is only linted is said so.
set -euo pipefail
[ $# = 2 ] || { echo "usage: $0 OLD.deb NEW.deb" >&2; exit 2; }
[ "$(id -u)" = 0 ] || { echo "$0: a chroot needs root" >&2; exit 3; }
old=$(readlink -f "$1") new=$(readlink -f "$2")
here=$(cd "$(dirname "$(readlink -f "$0")")/../.." && pwd)
port=18080 passed=0 failed=0
root=$(mktemp -d /tmp/vedette-package.XXXXXX)
chmod 755 "$root"  # the service's user has to get in
server=""

finish() {
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  # Never touch the folder while anything is mounted below it.
  if mountpoint -q "$root/proc"; then umount "$root/proc"; fi
  if grep -q " $root" /proc/mounts; then echo "still mounted below $root: left there" >&2
  else rm -rf --one-file-system "$root"; fi
}
trap finish EXIT

check() {  # check "what" command…
  local what=$1; shift
  if "$@" >"$root.out" 2>&1; then passed=$((passed + 1)); echo "ok      $what"
  else failed=$((failed + 1)); echo "FAILED  $what"; sed 's/^/        /' "$root.out"; fi
  rm -f "$root.out"
}
inside() { chroot "$root" env PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive "$@"; }
install_deb() { cp "$1" "$root/tmp/vedette.deb"; inside apt-get install -qy --no-install-recommends \
  -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold /tmp/vedette.deb; }
healthy() { local i; for i in $(seq 100); do
  [ "$(curl -fsS "http://127.0.0.1:$port/api/v1/health" 2>/dev/null | head -c 11)" = '{"status":"' ] && return 0
  read -rt 0.1 <> <(:) || true; done
  cat "$root/tmp/serve.log"; return 1; }
start() { inside runuser -u vedette -- vedette serve /etc/vedette/vedette.toml \
  >"$root/tmp/serve.log" 2>&1 & server=$!; healthy; }
stop() { pkill -TERM -u "$(inside id -u vedette)" -x vedette; wait "$server" || return 1; server=""; }
user_count() { inside sqlite3 /var/lib/vedette/vedette.db 'SELECT count(*) FROM users'; }

echo "a bare Debian 12 in $root"
# The archive, proxies and all, that this machine takes its own packages from.
mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | head -1 || true)
debootstrap --variant=minbase bookworm "$root" ${mirror:+"$mirror"} >"$root.log" 2>&1 || {
  tail -5 "$root.log" >&2; exit 3; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
cp /etc/apt/apt.conf.d/* "$root/etc/apt/apt.conf.d/"
printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"; chmod 755 "$root/usr/sbin/policy-rc.d"
inside apt-get update -q >/dev/null
inside apt-get install -qy --no-install-recommends sqlite3 man-db >/dev/null 2>&1

check "installs" install_deb "$old"
check "says its version" inside vedette --version
check "runs as a user of its own" inside id vedette
check "the configuration may hold passwords: 0640 root:vedette" \
  test "$(stat -c '%a %U' "$root/etc/vedette/vedette.toml") $(inside stat -c %G /etc/vedette/vedette.toml)" = "640 root vedette"
check "the state is its user's alone" \
  test "$(inside stat -c '%a %U' /var/lib/vedette)" = "750 vedette"
check "man page is there" inside sh -c 'man -w vedette'
check "bash completes subcommands" inside bash -c \
  '. /usr/share/bash-completion/completions/vedette; COMP_WORDS=(vedette ser); COMP_CWORD=1; _vedette; [ "${COMPREPLY[*]}" = serve ]'
check "bash completes options of a subcommand's subcommand" inside bash -c \
  '. /usr/share/bash-completion/completions/vedette; COMP_WORDS=(vedette user add --ro); COMP_CWORD=3; _vedette; [ "${COMPREPLY[*]}" = --role ]'
sed -i "s/^port = .*/port = $port/" "$root/etc/vedette/vedette.toml"  # a change of the user's
check "starts and answers" start
check "stops on SIGTERM with exit code 0" stop
check "made a store" test "$(user_count)" = 1
check "upgrades" install_deb "$new"
check "has the newer version" test "$(inside dpkg-query -W -f '${Version}' vedette)" = \
  "$(dpkg-deb -f "$new" Version)"
check "kept the changed configuration" grep -q "^port = $port" "$root/etc/vedette/vedette.toml"
check "starts again" start
check "stops again" stop
check "kept its users" test "$(user_count)" = 1
check "is removed" inside apt-get remove -qy vedette
check "its data outlives removal" test -f "$root/var/lib/vedette/vedette.db"
check "is purged" inside apt-get purge -qy vedette
check "nothing is left" test -z "$(ls -d "$root"/etc/vedette "$root"/var/lib/vedette \
  "$root"/usr/bin/vedette "$root"/lib/systemd/system/vedette.service 2>/dev/null)"
check "nor the user" test -z "$(inside getent passwd vedette)"

echo "linted, not run (no init system here):"
check "unit file: systemd-analyze verify" env SYSTEMD_LOG_LEVEL=warning bash -c "
  sed 's#/usr/bin/vedette#/bin/true#' '$here/deploy/vedette.service' > '$root/tmp/vedette.service'
  out=\$(systemd-analyze verify --man=no '$root/tmp/vedette.service' 2>&1 | grep vedette.service || true)
  echo \"\$out\"; [ -z \"\$out\" ]"
systemd-analyze security --offline=yes "$here/deploy/vedette.service" 2>/dev/null | tail -1
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
