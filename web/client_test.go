package web

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// forwardings is one of these proxies, and what it logs.
func forwardings(networks ...string) (*forwarding, *bytes.Buffer) {
	var logged bytes.Buffer
	f := &forwarding{log: slog.New(slog.NewTextHandler(&logged, nil))}
	for _, network := range networks {
		if network == "unix" {
			f.socket = true
			continue
		}
		f.proxies = append(f.proxies, netip.MustParsePrefix(network))
	}
	return f, &logged
}

// from asks for the address of a request. Headers come in pairs, and as often as they do.
func (f *forwarding) from(remote string, headers ...string) string {
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr = remote
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Add(headers[i], headers[i+1])
	}
	return f.client(r)
}

// Every form in which proxies write addresses is read, and what is none is not guessed at. B210 I99
func TestClientAddressIsTheRightMostUntrustedHop(t *testing.T) {
	t.Parallel()
	const xff, rfc, real = "X-Forwarded-For", "Forwarded", "X-Real-Ip"
	var hundred []string
	for i := range 100 {
		hundred = append(hundred, fmt.Sprintf("10.0.0.%d", i+1))
	}
	for _, c := range []struct {
		remote  string
		headers []string
		want    string
		says    string // in the log
	}{
		{"203.0.113.7:1234", nil, "203.0.113.7", ""},
		{"10.0.0.1:1234", nil, "10.0.0.1", ""},
		// By whoever is no proxy of ours nothing is told.
		{"203.0.113.7:1234", []string{xff, "198.51.100.1", rfc, "for=198.51.100.1", real, "198.51.100.1"}, "203.0.113.7", "from=203.0.113.7"},
		{"127.0.0.1:1234", []string{rfc, "for=198.51.100.1"}, "127.0.0.1", "ROSTER_TRUSTED_PROXIES"},
		{"127.0.0.1:1234", []string{xff, ", ,"}, "127.0.0.1", ""},
		{"@", []string{xff, "198.51.100.1"}, "", "from=unix"},
		// The right-most hop counts that is not ours; the left ones were sent along.
		{"10.0.0.1:1234", []string{xff, "198.51.100.1"}, "198.51.100.1", ""},
		{"10.0.0.1:1234", []string{xff, "1.2.3.4, 198.51.100.1"}, "198.51.100.1", ""},
		{"10.0.0.1:1234", []string{xff, "1.2.3.4", xff, "198.51.100.1"}, "198.51.100.1", ""},
		{"10.0.0.1:1234", []string{xff, "1.2.3.4", xff, "198.51.100.1,10.9.9.9", xff, "10.8.8.8"}, "198.51.100.1", ""},
		{"10.0.0.1:1234", []string{xff, "10.1.1.1, 10.2.2.2"}, "10.1.1.1", ""},
		{"[fd00::1]:1234", []string{xff, "2001:db8::5"}, "2001:db8::5", ""},
		{"[::ffff:10.0.0.1]:1234", []string{xff, "198.51.100.1"}, "198.51.100.1", ""},
		{"10.0.0.1:1", []string{xff, "9.9.9.9, " + strings.Repeat("10.0.0.1,", 20) + "10.0.0.2"}, "9.9.9.9", ""},
		{"10.0.0.1:1", []string{xff, "9.9.9.9, " + strings.Join(hundred, ",")}, "10.0.0.51", ""}, // as far as anybody follows
		{"10.0.0.1:1", []string{xff, strings.Join(hundred, ",") + ", 198.51.100.1"}, "198.51.100.1", ""},
		// Ports, brackets, zones, quotation marks, white space.
		{"10.0.0.1:1", []string{xff, "203.0.113.7:51234"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{xff, "1.2.3.4:1, 203.0.113.7:51234 ,\t10.3.3.3:80"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{xff, "[2001:db8::1]:5"}, "2001:db8::1", ""},
		{"10.0.0.1:1", []string{xff, "[2001:db8::1]"}, "2001:db8::1", ""},
		{"10.0.0.1:1", []string{xff, "2001:DB8:0::1"}, "2001:db8::1", ""},
		{"10.0.0.1:1", []string{xff, "[203.0.113.7]:5"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{xff, "\"[2001:db8::1]:5\""}, "2001:db8::1", ""},
		{"10.0.0.1:1", []string{xff, "fe80::1%eth0"}, "fe80::1", ""},
		{"10.0.0.1:1", []string{xff, "[fe80::1%25eth0]:80"}, "fe80::1", ""},
		{"10.0.0.1:1", []string{xff, "::ffff:203.0.113.7"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{xff, "[::ffff:203.0.113.7]:80"}, "203.0.113.7", ""},
		// What is no address ends the way, and is said.
		{"10.0.0.1:1234", []string{xff, "1.2.3.4, nonsense"}, "10.0.0.1", "part=nonsense"},
		{"10.0.0.1:1234", []string{xff, "1.2.3.4, nonsense, 10.2.2.2"}, "10.2.2.2", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "198.51.100.1, "}, "10.0.0.1", "hides the address"},
		{"10.0.0.1:1", []string{xff, "198.51.100.1, unknown"}, "10.0.0.1", "hides the address"},
		{"10.0.0.1:1", []string{xff, "203.0.113.7:"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "203.0.113.7:x"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "203.0.113.7:123456"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "203.0.113.07"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "[2001:db8::1"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "[2001:db8::1]5"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "2001:db8:0:0:0:0:0:1:51234"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "0.0.0.0"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "::ffff:0.0.0.0"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, "http://203.0.113.7/"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{xff, strings.Repeat("x", 5000)}, "10.0.0.1", "part=" + strings.Repeat("x", 60) + " "},
		// The standard header.
		{"10.0.0.1:1", []string{rfc, "for=203.0.113.7"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{rfc, `For="[2001:db8:cafe::17]:4711"`}, "2001:db8:cafe::17", ""},
		{"10.0.0.1:1", []string{rfc, `for=1.2.3.4, for="203.0.113.7:80";proto=https;by=10.0.0.3 , for=10.3.3.3`}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{rfc, `proto=https; for="\[2001:db8::1]:_port" ;host="a,b;for=6.6.6.6"`}, "2001:db8::1", ""},
		{"10.0.0.1:1", []string{rfc, "for=1.2.3.4", rfc, "for=203.0.113.7"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{rfc, `for="1.2.3.4`, rfc, "for=203.0.113.7"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{rfc, "for=1.2.3.4, for=_hidden"}, "10.0.0.1", "hides the address"},
		{"10.0.0.1:1", []string{rfc, "for=1.2.3.4, for=unknown"}, "10.0.0.1", "hides the address"},
		{"10.0.0.1:1", []string{rfc, "for=1.2.3.4, proto=https"}, "10.0.0.1", "hides the address"},
		{"10.0.0.1:1", []string{rfc, "203.0.113.7"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{rfc, `for=6.6.6.6;x=", for=203.0.113.7;proto=https`}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{rfc, `for=6.6.6.6;x=", for="[2001:db8::1]:4711"`}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{rfc, "for=203.0.113.7;for=6.6.6.6"}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{rfc, `for="203.0.113.7\`}, "10.0.0.1", "cannot be read"},
		{"10.0.0.1:1", []string{rfc, "for=203.0.113.7 x"}, "10.0.0.1", "cannot be read"},
		// One address, where nothing else is said.
		{"10.0.0.1:1", []string{real, "203.0.113.7"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{real, "6.6.6.6", xff, "203.0.113.7"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{real, "6.6.6.6", rfc, "for=203.0.113.7"}, "203.0.113.7", ""},
		{"10.0.0.1:1", []string{rfc, "for=6.6.6.6", xff, "203.0.113.7"}, "203.0.113.7", "differ"},
		{"10.0.0.1:1", []string{rfc, "for=203.0.113.7:80", xff, "203.0.113.7:80"}, "203.0.113.7", ""},
	} {
		f, logged := forwardings("10.0.0.0/8", "fd00::/8")
		for range 2 {
			if got := f.from(c.remote, c.headers...); got != c.want {
				t.Errorf("from %s with %q: %s, want %s", c.remote, c.headers, got, c.want)
			}
		}
		lines := map[bool]int{true: 1}[c.says != ""] // once for both
		if said := logged.String(); strings.Count(said, "\n") != lines || !strings.Contains(said, c.says) {
			t.Errorf("from %s with %q is logged %q, want %q", c.remote, c.headers, said, c.says)
		}
	}

	f, _ := forwardings("unix")
	if got := f.from("@", xff, "1.2.3.4, 203.0.113.7"); got != "203.0.113.7" {
		t.Errorf("by a socket that is trusted: %q", got)
	}
	if got := f.from("10.0.0.1:1", xff, "203.0.113.7"); got != "10.0.0.1" {
		t.Errorf("by the network, where only the socket is trusted: %q", got)
	}
}

// A proxy writes one of the headers and passes on the others as they came: what a client writes into those counts for
// nothing, whichever it is that the proxy writes. I99
func TestOnlyTheHeaderOfTheProxyIsBelieved(t *testing.T) {
	t.Parallel()
	headers := map[string]string{"X-Forwarded-For": "%s", "Forwarded": "for=%s", "X-Real-Ip": "%s"}
	for own, form := range headers {
		f, logged := forwardings("10.0.0.0/8")
		_ = f.from("10.0.0.1:1") // the proxy looks whether anybody is there
		client := []string{own, fmt.Sprintf(form, "203.0.113.7")}
		if got := f.from("10.0.0.1:1", client...); got != "203.0.113.7" {
			t.Fatalf("%s alone: %s", own, got)
		}
		for other, form := range headers {
			if other == own {
				continue
			}
			if got := f.from("10.0.0.1:1", append([]string{other, fmt.Sprintf(form, "6.6.6.6")}, client...)...); got != "203.0.113.7" {
				t.Errorf("the proxy writes %s, the client %s: %s", own, other, got)
			}
		}
		if own != "X-Real-Ip" && !strings.Contains(logged.String(), "believed="+own) {
			t.Errorf("%s: that two differ is not said: %q", own, logged)
		}
		// One request that came without it, whatever made it so, gives no other header away to clients.
		_ = f.from("10.0.0.1:1", "X-Forwarded-For", "203.0.113.8")
		if got := f.from("10.0.0.1:1", "X-Forwarded-For", "203.0.113.7", "Forwarded", "for=6.6.6.6", "X-Real-Ip", "6.6.6.6"); got != "203.0.113.7" {
			t.Errorf("%s, and then another: %s", own, got)
		}
	}
}

// Behind a proxy that nobody named everybody is one address. That is said once, to operators alone, and a stranger's
// header does not use it up. I99 I105
func TestAProxyThatNobodyNamedIsSaid(t *testing.T) {
	t.Parallel()
	s, logged := newTestServer(t, nil)
	look := func(path, remote string, headers ...string) string {
		r := request("GET", path, "", headers...)
		r.RemoteAddr = remote
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		return w.Body.String()
	}
	if got := look("/readyz", "127.0.0.1:1"); got != "ready\n" {
		t.Errorf("at first: %q", got)
	}
	for range 3 {
		look("/nothing", "203.0.113.7:1", "X-Forwarded-For", "1.1.1.1")
		look("/nothing", "172.17.0.1:1", "X-Forwarded-For", "198.51.100.1")
	}
	for _, said := range []string{`"from":"203.0.113.7"`, `"from":"172.17.0.1"`} {
		if n := strings.Count(logged.String(), said); n != 1 {
			t.Errorf("%s is logged %d times", said, n)
		}
	}
	if strings.Contains(logged.String(), "198.51.100.1") {
		t.Error("what a header says is logged")
	}
	for _, path := range []string{"/readyz", "/api/v1/health"} {
		for _, near := range []string{"127.0.0.1:1", "[::1]:1", "10.2.3.4:1", "@"} {
			if said := look(path, near); !strings.Contains(said, "ready") || !strings.Contains(said, "ROSTER_TRUSTED_PROXIES") {
				t.Errorf("%s from %s: %q", path, near, said)
			}
		}
		for what, said := range map[string]string{"through the proxy": look(path, "172.17.0.1:1", "X-Forwarded-For", "203.0.113.9"), "from afar": look(path, "203.0.113.7:1")} {
			if !strings.Contains(said, "ready") || strings.Contains(said, "ROSTER_TRUSTED_PROXIES") {
				t.Errorf("%s %s: %q", path, what, said)
			}
		}
	}
}
