"""Answers on a port, on IPv4 and IPv6, for the firewall's scenarios; argument: the port."""

import http.server
import socket
import socketserver
import sys


class Listener(socketserver.ThreadingTCPServer):
    """Not http.server's own class: that one looks its name up before it listens."""

    address_family = socket.AF_INET6
    allow_reuse_address = True


Listener(("::", int(sys.argv[1])), http.server.BaseHTTPRequestHandler).serve_forever()
