"""
The rehearsal: a stand-in for the Panjaya Dubbing Studio that costs nothing.

`studio` is the service as logic, `server` its HTTP face on loopback. It is as strict as the documentation and has one
switch for everything that the documentation leaves open. Nothing here is imported by the running daemon.
"""
