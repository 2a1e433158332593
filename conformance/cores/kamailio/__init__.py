"""Real servers: CSCFs of a testbed are Debian's Kamailio, its DNS is BIND; HSS, AS and gateway are emulated ones.

A node is a module as in the emulated core, with `async def run(context)`: it writes what the program needs below its
folder, keeps the program running, and answers on the same control channel.
"""
