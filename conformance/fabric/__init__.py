"""How hosts are joined: one machine's loopback interface, or network namespaces with a VPN between the partners.

A fabric places a federation (`Fabric.federation` has the addresses that it gave), says in which namespace a node
lives, attaches terminals, and names the observation points. Cores and terminals do not know which one they run on.
"""
