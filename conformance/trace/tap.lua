-- Writes every SIP, Diameter, DNS and HTTP message that tshark finds, raw, to standard output; decode.py reads it.
--
-- Records, each a line of fields with tabs between:
--   V  version of tshark
--   P  frame  problem
--   M  frame  seconds  nanoseconds  protocols  source  destination  source-port  destination-port
--      IP-identification  outer-addresses  captured-bytes  wire-bytes  cooked  malformed  codepoint  kind  AVPs  length
--      and behind that line `length` raw bytes and a line end
--   L  protocol  frames: so many frames without a message had this as their innermost protocol
--   N  last-frame
-- AVPs are `offset:code:name` with commas between, in Wireshark's order, offsets from the first byte of the
-- message. Kind `UDP` is a datagram with a SIP version in it that Wireshark does not take for SIP.
--
-- With the argument `all-names` every AVP that Wireshark knows is named, else those that IMS signalling mostly has, and
-- the others are `Unknown`. Wireshark has 2,700 of them; to look for all takes it longer than to start.

local out = io.stdout
out:setvbuf("full", 65536)
out:write("V\t", get_version(), "\n")

local get = {}
for key, name in pairs({
    protocols = "frame.protocols", time = "frame.time_epoch", captured = "frame.cap_len", wire = "frame.len",
    sip = "sip", diameter = "diameter", dns = "dns", http = "http", code = "diameter.avp.code", id = "ip.id",
    source = "ip.src", destination = "ip.dst", source6 = "ipv6.src", destination6 = "ipv6.dst",
    dscp = "ip.dsfield.dscp", dscp6 = "ipv6.tclass.dscp", udp = "udp.payload", tcp = "tcp.payload", malformed = "_ws.malformed",
}) do
    get[key] = Field.new(name)
end
local cooked = { Field.new("sll.pkttype"), Field.new("sll.ifindex") }

-- The names of the AVPs are the names of their fields. They exist once one of them has been asked for.
local names = {}
local function look_for(name)
    local known, field = pcall(Field.new, name)
    if known then names[name] = field end
end
if ... == "all-names" then
    look_for("diameter.Session-Id")
    for _, name in ipairs(Field.list()) do
        if name:find("^diameter%.[A-Z0-9][^.]*$") then look_for(name) end
    end
else
    for name in ([[
        Acct-Application-Id Auth-Application-Id Auth-Request-Type Auth-Session-State Authorization-Lifetime
        Destination-Host Destination-Realm Disconnect-Cause Error-Message Error-Reporting-Host Experimental-Result
        Experimental-Result-Code Failed-AVP Firmware-Revision Host-IP-Address Inband-Security-Id Origin-Host
        Origin-Realm Origin-State-Id Product-Name Proxy-Info Proxy-Host Proxy-State Redirect-Host Result-Code
        Route-Record Session-Id Session-Timeout Supported-Vendor-Id Termination-Cause User-Name Vendor-Id
        Vendor-Specific-Application-Id
        3GPP-SIP-Auth-Data-Item 3GPP-SIP-Authenticate 3GPP-SIP-Authentication-Context 3GPP-SIP-Authentication-Scheme
        3GPP-SIP-Authorization 3GPP-SIP-Item-Number 3GPP-SIP-Number-Auth-Items Associated-Identities
        Charging-Information Confidentiality-Key Cx-User-Data Deregistration-Reason Feature-List Feature-List-ID
        Integrity-Key Mandatory-Capability Optional-Capability Originating-Request Primary-Charging-Collection-Function-Name
        Primary-Event-Charging-Function-Name Public-Identity Reason-Code Reason-Info Secondary-Charging-Collection-Function-Name
        Secondary-Event-Charging-Function-Name Server-Assignment-Type Server-Capabilities Server-Name
        SIP-Digest-Authenticate Supported-Features User-Authorization-Type User-Data-Already-Available
        Visited-Network-Identifier Digest-Algorithm Digest-HA1 Digest-Qop Digest-Realm
    ]]):gmatch("%S+") do look_for("diameter." .. name) end
end

-- Some link types have names for addresses, and a name may hold a tab or a line end.
local function plain(value)
    return (tostring(value):gsub("%c", "?"))
end

local function last(field)
    local all = { field() }
    return all[#all]
end

-- Of the innermost IP header, whichever version that has.
local function codepoint()
    local four, six = last(get.dscp), last(get.dscp6)
    local inner = four
    if six and (not four or six.offset > four.offset) then inner = six end
    return inner and tostring(inner.value) or ""
end

local function addresses(...)
    local list = {}
    for _, field in ipairs({ ... }) do
        for _, info in ipairs({ field() }) do list[#list + 1] = tostring(info.value) end
    end
    return table.concat(list, ",")
end

-- For each Diameter message of the frame its AVPs as Wireshark takes them apart.
local function avps_of_each()
    local result, list, start, wanted = {}, nil, 0, nil
    for _, info in ipairs({ all_field_infos() }) do
        if info.name == "diameter" then
            list, start, wanted = {}, info.offset, nil
            result[#result + 1] = list
        elseif list and info.name == "diameter.avp.code" then
            wanted = { info.offset - start, tostring(info.value), "Unknown" }
            list[#list + 1] = wanted
        elseif wanted and names[info.name] then
            wanted[3] = info.name:sub(10)
            wanted = nil
        end
    end
    for index, avps in ipairs(result) do
        for position, avp in ipairs(avps) do avps[position] = table.concat(avp, ":") end
        result[index] = table.concat(avps, ",")
    end
    return result
end

-- More than this of an HTTP message nobody judges.
local longest_http = 262144

local function emit(common, kind, info, avps)
    local read, bytes = pcall(function()
        if kind == "HTTP" and info.len > longest_http then return info.range:range(0, longest_http):raw() end
        return info.range:raw()
    end)
    if not read then
        out:write("P\t", common[2], "\t", kind, " that is not whole in the capture\n")
        return
    end
    out:write(table.concat(common, "\t"), "\t", kind, "\t", avps or "", "\t", #bytes, "\n", bytes, "\n")
end

-- Whether a frame has a message is known when the next one begins: both taps have seen it then.
local frames, handed_over, innermost, without = 0, {}, nil, {}
local function account()
    if innermost and not handed_over[frames] then without[innermost] = (without[innermost] or 0) + 1 end
    handed_over[frames] = nil
end
local counter = Listener.new("frame")
function counter.packet(pinfo)
    account()
    frames = pinfo.number
    local protocols = get.protocols()
    innermost = protocols and tostring(protocols.value):match("[^:]+$")
end
function counter.draw()
    account()
    for name, count in pairs(without) do out:write("L\t", name, "\t", count, "\n") end
    out:write("N\t", frames, "\n")
    out:flush()
end

local tap = Listener.new("frame", 'sip || diameter || dns || http || ((udp || tcp) && frame contains "SIP/2.0")')
function tap.packet(pinfo)
    handed_over[pinfo.number] = true
    -- A simple packet block has no time.
    local stamp, id = get.time(), last(get.id)
    local time = stamp and stamp.value or { secs = 0, nsecs = 0 }
    local common = {
        -- Large numbers are written like 1.7e+18 unless they are told not to be.
        "M", pinfo.number, ("%.0f"):format(time.secs), time.nsecs, tostring(get.protocols().value),
        plain(pinfo.src), plain(pinfo.dst), pinfo.src_port, pinfo.dst_port,
        id and tostring(id.value) or "0",
        addresses(get.source, get.source6) .. ">" .. addresses(get.destination, get.destination6),
        tostring(get.captured().value), tostring(get.wire().value),
        (cooked[1]() or cooked[2]()) and "1" or "0", get.malformed() and "1" or "0", codepoint(),
    }
    local sip, diameter, dns, http = { get.sip() }, { get.diameter() }, { get.dns() }, { get.http() }
    for _, info in ipairs(sip) do emit(common, "SIP", info) end
    if #diameter > 0 then
        local avps = avps_of_each()
        for index, info in ipairs(diameter) do emit(common, "Diameter", info, avps[index]) end
    end
    for _, info in ipairs(dns) do emit(common, "DNS", info) end
    for _, info in ipairs(http) do emit(common, "HTTP", info) end
    if #sip + #diameter + #dns + #http == 0 then
        local tcp, udp = last(get.tcp), last(get.udp)
        if tcp then emit(common, "TCP", tcp) elseif udp then emit(common, "UDP", udp) end
    end
end
