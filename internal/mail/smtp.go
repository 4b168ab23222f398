package mail

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Message is a letter ready to leave: one sender, one recipient, and the bytes that travel.
type Message struct {
	ID       string // of the Message-ID, without its angle brackets
	From     string
	FromName string
	To       string
	Date     time.Time
	Rendered
	Raw []byte
}

// Transport takes a message to where it will be read. An error that is not a lasting *Failure means: try again later.
type Transport interface {
	Send(ctx context.Context, m Message) error
}

// SMTP sends through a mail server, one connection a letter.
type SMTP struct {
	host, port         string
	username, password string
	mode               tlsMode
	roots              *x509.CertPool // nil: the system's
	hello              string         // how it introduces itself
	patience           patience
}

// patience is how long a mail server may take. RFC 5321 4.5.3.2 would have minutes for each answer, and ten after the
// letter. Here a letter that is cut off is only sent again, so patience ends sooner, but for the answer to the letter:
// whoever hangs up then may have sent it, and will send it twice.
type patience struct {
	connect time.Duration // until the connection stands, encrypted
	answer  time.Duration // one answer, however slowly it drips
	talk    time.Duration // the whole conversation until the letter's last byte
	taken   time.Duration // the answer to the letter
	leave   time.Duration // the farewell
}

var usual = patience{connect: 15 * time.Second, answer: 20 * time.Second, talk: 30 * time.Second, taken: time.Minute, leave: 2 * time.Second}

type tlsMode string

const (
	tlsNone     tlsMode = "none"
	tlsStart    tlsMode = "starttls"
	tlsImplicit tlsMode = "implicit"
)

// nobody is how a machine introduces itself that has no name in DNS: an address in brackets (RFC 5321 4.1.3), which
// servers take that refuse "localhost" or a name without a dot.
const nobody = "[127.0.0.1]"

// NewSMTP reads the address of a mail server: smtp://name:password@host:port or smtps://…, with ?tls=none, starttls or
// implicit, and ca=FILE where the server's certificate is of an authority that the system does not know. What leaves
// the machine is encrypted and the certificate verified; there is no switch for less.
func NewSMTP(rawURL string) (*SMTP, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("it must look like smtp://name:password@mail.example.com:587")
	}
	if u.Hostname() == "" || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return nil, errors.New("it must name a host and nothing behind it, like smtp://name:password@mail.example.com:587")
	}

	s := &SMTP{host: u.Hostname(), port: u.Port(), username: u.User.Username(), hello: nobody, patience: usual}
	s.password, _ = u.User.Password()
	if s.username == "" && s.password != "" {
		return nil, errors.New("it has a password, but no name to log in with")
	}

	if err := s.setMode(u); err != nil {
		return nil, err
	}
	if err := s.setAuthority(u.Query().Get("ca")); err != nil {
		return nil, err
	}
	if s.port == "" {
		s.port = "587"
		if s.mode == tlsImplicit {
			s.port = "465"
		}
	}
	return s, nil
}

func (s *SMTP) setMode(u *url.URL) error {
	for key := range u.Query() {
		if key != "tls" && key != "ca" {
			return fmt.Errorf("it has the setting %q, and only tls and ca are known", key)
		}
	}

	switch mode := tlsMode(u.Query().Get("tls")); {
	case mode == "" && u.Scheme == "smtps":
		s.mode = tlsImplicit
	case mode == "" && isLoopback(s.host):
		s.mode = tlsNone
	case mode == "":
		s.mode = tlsStart
	case u.Scheme == "smtps" && mode != tlsImplicit:
		return fmt.Errorf("smtps:// is encrypted from the start and cannot have tls=%s", mode)
	case mode == tlsNone && !isLoopback(s.host):
		return errors.New("tls=none is only for a mail server on this machine: what leaves it is encrypted. Have the server offer STARTTLS or TLS, " +
			"with a certificate of your own authority if need be (?ca=/path/to/ca.pem), or run a relay on this machine that passes letters on")
	case mode == tlsNone || mode == tlsStart || mode == tlsImplicit:
		s.mode = mode
	default:
		return fmt.Errorf("tls is %q, and must be none, starttls or implicit", string(mode))
	}
	return nil
}

// setAuthority lets the authorities in a file vouch for the server, beside those of the system.
func (s *SMTP) setAuthority(file string) error {
	switch {
	case file == "":
		return nil
	case s.mode == tlsNone:
		return errors.New("it has ca=, and is not encrypted: say tls=starttls or tls=implicit too")
	}
	certificates, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("ca=: %w", err)
	}
	if s.roots, err = x509.SystemCertPool(); err != nil {
		s.roots = x509.NewCertPool()
	}
	if !s.roots.AppendCertsFromPEM(certificates) {
		return fmt.Errorf("ca=: %s holds no certificate (-----BEGIN CERTIFICATE-----)", file)
	}
	return nil
}

// Introduce sets the name by which this machine introduces itself to the mail server: one of DNS with a dot, or an
// address in brackets.
func (s *SMTP) Introduce(name string) error {
	if err := CheckHello(name); err != nil {
		return err
	}
	s.hello = name
	return nil
}

var labelRE = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// CheckHello says what is wrong with a name for EHLO.
func CheckHello(name string) error {
	wrong := errors.New("it must be this machine's name in DNS, like roster.example.com, or an address like [192.0.2.7]")
	if inside, found := strings.CutPrefix(name, "["); found {
		inside, closed := strings.CutSuffix(inside, "]")
		six, isSix := strings.CutPrefix(inside, "IPv6:")
		ip, err := netip.ParseAddr(six)
		if !closed || err != nil || ip.Is4() == isSix || ip.Zone() != "" {
			return wrong
		}
		return nil
	}
	labels := strings.Split(name, ".")
	if len(labels) < 2 || len(name) > 253 || strings.Trim(labels[len(labels)-1], "0123456789") == "" ||
		slices.ContainsFunc(labels, func(l string) bool { return !labelRE.MatchString(l) }) {
		return wrong
	}
	return nil
}

// HelloFrom is how a machine introduces itself that people know by a host: by that name, if it is one of DNS.
func HelloFrom(host string) string {
	host = strings.TrimSuffix(host, ".")
	if ip, err := netip.ParseAddr(host); err == nil && ip.Zone() == "" {
		if ip = ip.Unmap(); ip.Is4() {
			return "[" + ip.String() + "]"
		}
		return "[IPv6:" + ip.String() + "]"
	}
	if CheckHello(host) != nil {
		return nobody
	}
	return host
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// answersMax is more than a mail server has to say about one letter, in bytes, its certificates included.
const answersMax = 1 << 20

// bounded is a connection from which no more than so many bytes are read: an answer of SMTP may have any number of lines,
// and is kept in memory.
type bounded struct {
	net.Conn
	left int
}

// Read waits for the next bytes.
func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, reason("its answer has no end")
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
