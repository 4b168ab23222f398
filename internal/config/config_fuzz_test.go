package config

import (
	"encoding/base64"
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"unicode"

	"roster/internal/mail"
)

// I136: a configuration that is taken can be used: its address is one that people can open and that letters can link to,
// letters have a sender, proxies are networks, links in pages lead to pages. One that is refused says why, line by
// line, and never what is secret in it.
func FuzzRead(f *testing.F) {
	key := base64.StdEncoding.EncodeToString([]byte("0123456789abcdefghijklmnopqrstuv"))
	for _, s := range []string{"https://roster.example.com", "https://ROSTER.example.com/", "https://roster.example.com?", "https://roster.example.com:443", "https://192.168.1.5", "https://[2001:db8::5]:8443", "https://roster", "https://roster_x.example.com", "https://exämple.com",
		"http://roster.example.com", "http://localhost:8080", "https://u:secretsecret@h", "https://roster.example.com/%2f", "https://roster.example.com/x", "https://a<b.example", "https://", "https://:443", "https://.", "https://a..b", "https://roster.example:", "//x", "javascript:alert(1)", "https://xn--a.example"} {
		f.Add(s, "", "", "", "", key)
		f.Add("https://roster.example.com", "", "", "", s, key)
	}
	for _, s := range []string{"10.0.0.0/8", "10.0.0.1, fd00::/8", "::ffff:10.0.0.0/104", "::ffff:10.0.0.1", "0.0.0.0/0", "10.0.0.0/33", "fe80::1%eth0", "10.0.0.1/8", ",, "} {
		f.Add("https://roster.example.com", "Roster <a@b.example>", "smtp://u:secretsecret@mail.example.com", s, "mailto:a@b.example", key)
	}
	f.Add("https://roster.example.com", "a@b.example\r\nBcc: x@y.example", "smtp://h?tls=none", "", "javascript:x", key[:20])
	f.Add("https://roster.example.com", "a", "secretsecret", "", "", base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32))))
	f.Fuzz(func(t *testing.T, address, from, server, proxies, help, key string) {
		c, err := Read([]string{"ROSTER_URL=" + address, "ROSTER_MAIL_FROM=" + from, "ROSTER_SMTP_URL=" + server, "ROSTER_TRUSTED_PROXIES=" + proxies, "ROSTER_HELP_URL=" + help, "ROSTER_KEY=" + key})
		if err != nil {
			var wrong Complaints
			if !errors.As(err, &wrong) || len(wrong) == 0 {
				t.Fatalf("a complaint that is none: %v", err)
			}
			for _, line := range wrong {
				if !strings.HasPrefix(line, "ROSTER_") || strings.ContainsFunc(line, unicode.IsControl) {
					t.Errorf("the complaint %q", line)
				}
			}
			if len(key) > 20 && strings.Contains(err.Error(), key) {
				t.Errorf("the key is in %q", err)
			}
			return
		}
		u, err := url.Parse(c.URL.String())
		if err != nil || u.String() != u.Scheme+"://"+u.Host || u.Hostname() == "" || strings.ContainsFunc(u.Host, func(r rune) bool { return r > unicode.MaxASCII || strings.ContainsRune("<>\"' %\\^`{|}", r) }) {
			t.Errorf("%q is taken as %q: %v", address, c.URL, err)
		}
		if err := mail.CheckFrom(c.From); err != nil {
			t.Errorf("from %q at %q letters come from %q: %v", from, address, c.From, err)
		}
		if len(c.Key) != keySize {
			t.Errorf("a key of %d bytes", len(c.Key))
		}
		for _, p := range c.Proxies {
			if !p.IsValid() || p.Addr().Is4In6() && p.Bits() >= 96 || !p.Contains(p.Addr()) {
				t.Errorf("%q: no client is ever behind %s", proxies, p)
			}
		}
		if c.HelpURL != "" {
			if u, err := url.Parse(c.HelpURL); err != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto" {
				t.Errorf("help is at %q: %v", c.HelpURL, err)
			}
		}
		if _, err := netip.ParseAddr(u.Hostname()); err != nil && !strings.Contains(u.Hostname(), ".") && u.Scheme == "http" && u.Hostname() != "localhost" {
			t.Errorf("%q would send passwords in the clear", address)
		}
	})
}
