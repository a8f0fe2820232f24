"""What travels on topics and lands in tables: typed structs, decoded at the edge. Pure: no framework, no clock, no
file.
"""
