package web

import (
	"log/slog"
	"math/bits"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"sync/atomic"
)

// forwarding finds out from which address a request comes. Limits, sessions and the audit log are given what it says,
// by visitOf, and ask nobody else.
//
// It is the right-most hop that is not one of our proxies: what stands further left was written by whoever asked, and is
// not believed. Proxies write it into one of three headers and pass the others on as they came, so that these are the
// client's to forge. Which one is theirs shows in time, for a proxy writes its own into every request: of what came with
// every request that a proxy forwarded since this process began, the first in the order below is believed, and that order
// alone where nothing did. So a client gains nothing by sending the headers that its proxy does not know.
//
// What cannot be read is not guessed at: then it is the last address that was told, the proxy's at worst.
type forwarding struct {
	proxies []netip.Prefix // whose headers are believed
	socket  bool           // whoever comes by a unix socket is a proxy, too
	log     *slog.Logger

	never     atomic.Uint32 // of the headers, those that some forwarded request came without
	unnamed   atomic.Bool   // somebody forwards who is no proxy of ours
	complaint [complaints]atomic.Bool
}

// The headers, by the place of their bit; those that most proxies write first. X-Real-IP names one address.
var forwardingHeaders = []string{"X-Forwarded-For", "Forwarded", "X-Real-Ip"}

// What is said to operators, once in the life of a process: a header is for everybody to send, and must not fill the log.
const (
	unnamedNear = iota
	unnamedFar
	unreadHop
	hiddenHop
	otherHeader
	complaints
)

// hopsMax is how many hops are followed. No request comes through as many proxies of one installation.
const hopsMax = 50

// unnamedProxy says what is wrong to operators who ask; it names no address, for whoever asks may not be one.
const unnamedProxy = "forwarding headers come from an address that ROSTER_TRUSTED_PROXIES does not name; all who come by that proxy count as one. The log has the address"

// client is the address that a request comes from; "" if it comes by a unix socket and no proxy says more.
func (f *forwarding) client(r *http.Request) string {
	at := peer(r)
	sent := forwarded(r)
	switch {
	case sent == 0:
		return spelled(at)
	case !f.trusts(at):
		f.notTrusted(at)
		return spelled(at)
	}
	header := f.theirs(sent)
	client := f.follow(at, header, r)
	if header == 0 && sent&2 != 0 && client != f.follow(at, 1, r) || header == 1 && sent&1 != 0 && client != f.follow(at, 0, r) {
		f.once(otherHeader, "forwarding headers differ", "believed", forwardingHeaders[header],
			"do", "have the proxy remove X-Forwarded-For and Forwarded from what clients send, and write one of them itself")
	}
	return spelled(client)
}

// peer is the other end of the connection; a unix socket has no address.
func peer(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	at, err := netip.ParseAddr(host)
	if err != nil {
		return netip.Addr{}
	}
	return at.WithZone("").Unmap()
}

func spelled(at netip.Addr) string {
	if !at.IsValid() {
		return ""
	}
	return at.String()
}

// forwarded are the bits of the headers that say something.
func forwarded(r *http.Request) (sent uint32) {
	for i, name := range forwardingHeaders {
		if slices.ContainsFunc(r.Header.Values(name), func(line string) bool { return strings.Trim(line, ", \t") != "" }) {
			sent |= 1 << i
		}
	}
	return sent
}

func (f *forwarding) trusts(at netip.Addr) bool {
	if !at.IsValid() {
		return f.socket
	}
	return slices.ContainsFunc(f.proxies, func(p netip.Prefix) bool { return p.Contains(at) })
}

// theirs is the header that the proxies write, of those that were sent.
func (f *forwarding) theirs(sent uint32) int {
	if always := sent &^ f.never.Or(^sent); always != 0 {
		sent = always
	}
	return bits.TrailingZeros32(sent)
}

// follow goes from hop to hop as long as it is told by a proxy of ours.
func (f *forwarding) follow(at netip.Addr, header int, r *http.Request) netip.Addr {
	lines := r.Header.Values(forwardingHeaders[header])
	for n := 0; len(lines) > 0; lines = lines[:len(lines)-1] {
		var hops []string
		if line := lines[len(lines)-1]; header == 1 {
			hops = forwardedFor(line)
		} else {
			hops = strings.Split(line, ",")
		}
		for ; len(hops) > 0; hops = hops[:len(hops)-1] {
			said := hops[len(hops)-1]
			hop, ok := readHop(said)
			switch n++; {
			case !f.trusts(at) || n > hopsMax:
				return at
			case !ok:
				f.unread(header, said)
				return at
			}
			at = hop
		}
	}
	return at
}

// readHop reads an address as proxies spell it: alone, with a port, in brackets, in quotation marks, with a zone.
func readHop(s string) (netip.Addr, bool) {
	s = strings.Trim(s, " \t")
	if len(s) > 1 && s[0] == '"' && s[len(s)-1] == '"' {
		s = s[1 : len(s)-1]
	}
	host, port, found := strings.Cut(s, ":")
	if inside, ok := strings.CutPrefix(s, "["); ok {
		if host, port, found = strings.Cut(inside, "]"); !found {
			return netip.Addr{}, false
		}
		port, found = strings.CutPrefix(port, ":")
		if !found && port != "" {
			return netip.Addr{}, false
		}
	} else if strings.Contains(port, ":") { // of the sixth version, and more than a port
		host, found = s, false
	}
	if found && !isPort(port) {
		return netip.Addr{}, false
	}
	at, err := netip.ParseAddr(host)
	at = at.WithZone("").Unmap()
	if err != nil || at.IsUnspecified() || at.IsMulticast() {
		return netip.Addr{}, false
	}
	return at, true
}

// isPort takes a number, or a name that a proxy puts in its place (RFC 7239, 6).
func isPort(s string) bool {
	if name, ok := strings.CutPrefix(s, "_"); ok {
		return name != ""
	}
	return s != "" && len(s) <= 5 && strings.Trim(s, "0123456789") == ""
}

// forwardedFor are the addresses of a line of Forwarded (RFC 7239, 4). A line that is not spelled as it should be is one
// hop that nobody can read: its parts may be anybody's.
func forwardedFor(line string) []string {
	unread := []string{"not as in RFC 7239: " + line}
	var hops []string
	for rest := line; ; {
		var names []string
		hop := ""
		for {
			name, after, ok := strings.Cut(rest, "=")
			if name = strings.ToLower(strings.Trim(name, " \t")); !ok || name == "" || strings.ContainsAny(name, " \t\",;") || slices.Contains(names, name) {
				return unread
			}
			value, left, ok := forwardedValue(strings.TrimLeft(after, " \t"))
			if !ok {
				return unread
			}
			if names = append(names, name); name == "for" {
				hop = value
			}
			if rest = strings.TrimLeft(left, " \t"); !strings.HasPrefix(rest, ";") {
				break
			}
			rest = rest[1:]
		}
		hops = append(hops, hop) // "" if it does not say
		switch {
		case rest == "":
			return hops
		case rest[0] != ',':
			return unread
		}
		rest = rest[1:]
	}
}

// forwardedValue reads a word or what stands in quotation marks, and gives back what follows it.
func forwardedValue(s string) (value, rest string, ok bool) {
	if !strings.HasPrefix(s, `"`) {
		end := strings.IndexAny(s, ",; \t\"")
		if end < 0 {
			end = len(s)
		}
		return s[:end], s[end:], end > 0
	}
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '"':
			return b.String(), s[i+1:], true
		case '\\':
			if i++; i == len(s) {
				return "", "", false
			}
		}
		b.WriteByte(s[i])
	}
	return "", "", false
}

// notTrusted says that whoever forwards is no proxy that we know. Behind one that nobody named everybody has its address,
// and one person's wrong passwords are everybody's; so it must not look as if all were well.
func (f *forwarding) notTrusted(at netip.Addr) {
	f.unnamed.Store(true)
	kind, from := unnamedFar, spelled(at)
	if isNear(at) { // a stranger's header must not be what keeps that of the proxy next door unsaid
		kind = unnamedNear
	}
	if from == "" {
		from = "unix"
	}
	f.once(kind, "forwarding headers are not believed", "from", from,
		"do", "if this is a proxy of yours that writes them itself, name it in ROSTER_TRUSTED_PROXIES; until then all who come by it count as one address")
}

// isNear tells this machine and its private network from the rest of the world.
func isNear(at netip.Addr) bool {
	return !at.IsValid() || at.IsLoopback() || at.IsPrivate() || at.IsLinkLocalUnicast()
}

func (f *forwarding) unread(header int, said string) {
	said = strings.Trim(said, " \t")
	if said == "" || strings.EqualFold(said, "unknown") || strings.HasPrefix(said, "_") {
		f.once(hiddenHop, "a forwarding header hides the address", "header", forwardingHeaders[header],
			"do", "have the proxy write addresses; until then those whom it hides count as one")
		return
	}
	f.once(unreadHop, "a forwarding header cannot be read", "header", forwardingHeaders[header], "part", said[:min(len(said), 60)],
		"do", "have the proxy write addresses, with or without a port; until then those that cannot be read count as one")
}

func (f *forwarding) once(kind int, words string, about ...any) {
	if !f.complaint[kind].Swap(true) {
		f.log.Warn(words, about...)
	}
}

// tell is what an operator should know, for whoever asks from this machine or its network and not through a proxy: a
// stranger need not learn that everybody counts as one.
func (f *forwarding) tell(r *http.Request) string {
	if !f.unnamed.Load() || forwarded(r) != 0 || !isNear(peer(r)) {
		return ""
	}
	return unnamedProxy
}
