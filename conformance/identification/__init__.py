"""Identification: what the REGISTERs of a terminal show of its quirks, with the bytes that show them.

    terminals    the terminals of a trace: who sends REGISTERs with one Via, and what answers them
    sign         what a sign is: a pure function from one terminal to cited bytes
    ...          the signs, a file for each part of a REGISTER that they look at
    signs        all of them, and what one terminal shows
    unknown      what deviates and is no quirk that is known
    nearest      the profile that a terminal resembles most, and a profile file of its own

A sign looks at what a terminal does and never at what it says that it is: User-Agent decides nothing.
"""
