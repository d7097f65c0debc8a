#!/bin/sh
# Puts Chappe into place on this machine, or another version over it: as root, from the unpacked archive.
#   ./install.sh           program, service, manual pages, completions; /etc/chappe/chappe.toml where there is none
#   ./install.sh remove    takes them away again; configuration, events and backups stay
set -eu
cd "$(dirname "$0")"
if [ "$(id -u)" != 0 ]; then
    echo "install.sh: has to be run as root" >&2
    exit 1
fi
if command -v dpkg-query > /dev/null && dpkg-query --show --showformat '${db:Status-Status}\n' chappe 2> /dev/null | grep -qx installed; then
    echo "install.sh: the Debian package chappe is installed here; bring that up to date, or remove it first" >&2
    exit 1
fi

files() {
    find usr -type f
}

if [ "${1:-}" = remove ]; then
    if [ -d /run/systemd/system ]; then
        systemctl disable --now chappe.socket chappe.service chappe-backup.timer || true
    fi
    files | while read -r file; do rm -f "/$file"; done
    rmdir /usr/share/doc/chappe/grafana /usr/share/doc/chappe/policies /usr/share/doc/chappe 2> /dev/null || true
    if [ -d /run/systemd/system ]; then
        systemctl daemon-reload
    fi
    exit 0
fi

before=
if [ -e /usr/bin/chappe ]; then
    before=$(/usr/bin/chappe --version || echo unknown)
fi
files | while read -r file; do
    mode=644
    if [ -x "$file" ]; then mode=755; fi
    # As a new file: the one of a running program cannot be written to.
    rm -f "/$file"
    install -D -m "$mode" "$file" "/$file"
done
if [ ! -e /etc/chappe/chappe.toml ]; then
    install -D -m 644 etc/chappe/chappe.toml /etc/chappe/chappe.toml
fi
sh ./postinst configure "$before"
