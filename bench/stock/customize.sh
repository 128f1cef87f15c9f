#!/bin/sh
# Runs in the new root of the stock guest, as its root, after every package is there.
set -eu

useradd --uid 1000 --create-home --shell /bin/bash portable
# Locked for passwords, open for keys.
usermod --password '*' portable
install -d -o portable -g portable -m 0700 /home/portable/.ssh
install -o portable -g portable -m 0600 /root/authorized_keys /home/portable/.ssh/authorized_keys

echo stock >/etc/hostname
echo '/dev/vda / ext4 errors=remount-ro 0 1' >/etc/fstab
cat >/etc/systemd/network/10-wired.network <<'EOF'
[Match]
Type=ether
[Network]
DHCP=ipv4
EOF
systemctl enable --quiet systemd-networkd
rm -f /root/authorized_keys /root/customize.sh
