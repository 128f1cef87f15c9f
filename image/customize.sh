#!/bin/sh
# Runs in the new root, as its root, after every package is there and the files of image/rootfs are in place.
# Arguments: the kernel release, then the units to mask.
set -eu
release=$1
shift

depmod "$release"
useradd --uid 1000 --create-home --shell /bin/bash --comment 'Portable Coder' portable
# Locked for passwords, open for keys: with '!' sshd would refuse the account as a whole.
usermod --password '*' portable

systemctl set-default multi-user.target
systemctl mask --quiet "$@"
systemctl enable --quiet acpid.service
# It would offer sshd on sockets of systemd's own.
mkdir -p /etc/systemd/system-generators
ln -s /dev/null /etc/systemd/system-generators/systemd-ssh-generator

rm -f /etc/ssh/ssh_host_*
# Empty, not missing: every machine gets its own at its first start, without the "first boot" round of questions.
: >/etc/machine-id
rm -f /var/lib/dbus/machine-id /etc/resolv.conf.* /var/log/*.log /var/log/apt/* /etc/apt/apt.conf.d/99mmdebstrap
rm -rf /var/cache/debconf/*-old /usr/share/doc/* /usr/share/info/* /usr/share/man/* /customize.sh
