package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/wneessen/go-mail/smtp"
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

// Transport takes a message to where it will be read. An error that is not a permanent *Refused means: try again later.
type Transport interface {
	Send(ctx context.Context, m Message) error
}

// Refused is the answer of a mail server that does not take a letter. The server's own words are left out, for they
// quote the address.
type Refused struct {
	Code     int    // 550
	Enhanced string // "5.1.1", or empty
	Stage    string // the command that was answered: "RCPT"
	// Permanent says that the letter will not be taken later either. A refusal of the sender or of the password is not:
	// whoever runs Roster can mend that.
	Permanent bool
}

func (r *Refused) Error() string {
	return strings.Join(strings.Fields(fmt.Sprintf("mail server answered %d %s to %s", r.Code, r.Enhanced, r.Stage)), " ")
}

// Detail says for people what the answer means, as a clause.
func (r *Refused) Detail() string {
	switch {
	case strings.HasSuffix(r.Enhanced, ".1.1") || r.Enhanced == "" && (r.Code == 550 || r.Code == 553) && r.Stage == "RCPT":
		return "the mailbox does not exist"
	case strings.HasSuffix(r.Enhanced, ".1.2") || strings.HasSuffix(r.Enhanced, ".1.10"):
		return "the domain takes no mail"
	case strings.HasSuffix(r.Enhanced, ".2.1"):
		return "the mailbox is switched off"
	case strings.HasSuffix(r.Enhanced, ".2.2") || r.Code == 552:
		return "the mailbox is full"
	case strings.HasSuffix(r.Enhanced, ".6.7"):
		return "the mail server does not know addresses with such characters"
	}
	return "the mail server refused it"
}

// SMTP sends through a mail server, one connection a letter.
type SMTP struct {
	host, port         string
	username, password string
	mode               tlsMode
	roots              *x509.CertPool // nil: the system's
	timeout            time.Duration
}

type tlsMode string

const (
	tlsNone     tlsMode = "none"
	tlsStart    tlsMode = "starttls"
	tlsImplicit tlsMode = "implicit"
)

// sendTimeout bounds one conversation with a mail server, however slowly it talks.
const sendTimeout = 30 * time.Second

// NewSMTP reads the address of a mail server: smtp://name:password@host:port or smtps://…, with ?tls=none, starttls or
// implicit. What leaves the machine is encrypted and the server's certificate verified; there is no switch for less.
func NewSMTP(rawURL string) (*SMTP, error) {
	u, err := url.Parse(rawURL)
	if err != nil || u.Scheme != "smtp" && u.Scheme != "smtps" {
		return nil, errors.New("it must look like smtp://name:password@mail.example.com:587")
	}
	if u.Hostname() == "" || u.Opaque != "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return nil, errors.New("it must name a host and nothing behind it, like smtp://name:password@mail.example.com:587")
	}

	s := &SMTP{host: u.Hostname(), port: u.Port(), username: u.User.Username(), timeout: sendTimeout}
	s.password, _ = u.User.Password()
	if s.username == "" && s.password != "" {
		return nil, errors.New("it has a password, but no name to log in with")
	}

	if err := s.setMode(u); err != nil {
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
		if key != "tls" {
			return fmt.Errorf("it has the setting %q, and only tls is known", key)
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
		return errors.New("tls=none is only for a mail server on this machine")
	case mode == tlsNone || mode == tlsStart || mode == tlsImplicit:
		s.mode = mode
	default:
		return fmt.Errorf("tls is %q, and must be none, starttls or implicit", string(mode))
	}
	return nil
}

func isLoopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Send speaks with the server until it has taken the message. What goes wrong after the last byte leaves it open
// whether it has; the letter is then sent again.
func (s *SMTP) Send(ctx context.Context, m Message) error {
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()

	conn, err := s.connect(ctx)
	if err != nil {
		return broken(ctx, "reach mail server", err)
	}
	defer conn.Close()
	// However slowly the server talks, the conversation ends with the context.
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	defer stop()

	return s.talk(ctx, conn, m)
}

// talk is the conversation, from the greeting on.
func (s *SMTP) talk(ctx context.Context, conn net.Conn, m Message) error {
	client, err := smtp.NewClient(conn, s.host)
	if err != nil {
		return broken(ctx, "greeting", err)
	}
	if err := s.prepare(client); err != nil {
		return broken(ctx, "prepare", err)
	}
	if err := deliver(client, m); err != nil {
		return broken(ctx, "deliver", err)
	}
	_ = client.Quit() // the letter is taken, whatever is said to a farewell
	return nil
}

func (s *SMTP) connect(ctx context.Context) (net.Conn, error) {
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(s.host, s.port))
	if err != nil {
		return nil, err
	}
	conn = &bounded{conn, answersMax}
	if s.mode != tlsImplicit {
		return conn, nil
	}

	encrypted := tls.Client(conn, s.tlsConfig())
	if err := encrypted.HandshakeContext(ctx); err != nil {
		conn.Close()
		return nil, err
	}
	return encrypted, nil
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
		return 0, errors.New("the mail server's answer has no end")
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (s *SMTP) tlsConfig() *tls.Config {
	return &tls.Config{ServerName: s.host, RootCAs: s.roots, MinVersion: tls.VersionTLS12}
}

// prepare encrypts and logs in.
func (s *SMTP) prepare(client *smtp.Client) error {
	if err := client.Hello(ownName()); err != nil {
		return stage("EHLO", err)
	}
	if s.mode == tlsStart {
		if offered, _ := client.Extension("STARTTLS"); !offered {
			return errors.New("the mail server offers no encryption (STARTTLS)")
		}
		if err := client.StartTLS(s.tlsConfig()); err != nil {
			return stage("STARTTLS", err)
		}
	}
	if s.username == "" {
		return nil
	}

	offered, mechanisms := client.Extension("AUTH")
	if !offered {
		return errors.New("the mail server offers no log-in")
	}
	auth, err := s.auth(strings.Fields(strings.ToUpper(mechanisms)))
	if err != nil {
		return err
	}
	return stage("AUTH", client.Auth(auth))
}

// auth picks the best way to log in that the server offers. Without encryption the server is on this machine.
func (s *SMTP) auth(offered []string) (smtp.Auth, error) {
	unencrypted := s.mode == tlsNone
	ways := []struct {
		name string
		auth smtp.Auth
	}{
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(s.username, s.password)},
		{"PLAIN", smtp.PlainAuth("", s.username, s.password, s.host, unencrypted)},
		{"LOGIN", smtp.LoginAuth(s.username, s.password, s.host, unencrypted)},
	}
	for _, way := range ways {
		for _, name := range offered {
			if name == way.name {
				return way.auth, nil
			}
		}
	}
	return nil, errors.New("the mail server offers no way to log in that is known here (SCRAM-SHA-256, PLAIN, LOGIN)")
}

func deliver(client *smtp.Client, m Message) error {
	if strings.ContainsFunc(m.To, func(r rune) bool { return r >= utf8.RuneSelf }) {
		if offered, _ := client.Extension("SMTPUTF8"); !offered {
			return &Refused{Code: 550, Enhanced: "5.6.7", Stage: "RCPT", Permanent: true}
		}
	} else {
		client.SkipSMTPUTF8(true) // or servers behind this one that do not know it would refuse
	}

	if err := client.Mail("<" + m.From + ">"); err != nil {
		return stage("MAIL", err)
	}
	if err := client.Rcpt("<" + m.To + ">"); err != nil {
		return stage("RCPT", err)
	}
	body, err := client.Data()
	if err != nil {
		return stage("DATA", err)
	}
	if _, err := body.Write(m.Raw); err != nil {
		return stage("DATA", err)
	}
	return stage("DATA", body.Close())
}

var enhancedRE = regexp.MustCompile(`^[245]\.\d{1,3}\.\d{1,3}\b`)

// stage turns a server's answer into a *Refused.
func stage(command string, err error) error {
	var answer *textproto.Error
	if !errors.As(err, &answer) {
		return err
	}
	r := &Refused{Code: answer.Code, Enhanced: enhancedRE.FindString(answer.Msg), Stage: command}
	switch command {
	case "RCPT", "DATA":
		r.Permanent = answer.Code/100 == 5 && answer.Code != 530 && answer.Code != 535
	}
	return r
}

// broken names what was being done when a conversation ended. Of a greeting that refuses only the code is told, and of an
// answer that is none nothing: it may quote the address as well.
func broken(ctx context.Context, doing string, err error) error {
	err = stage(doing, err)
	if cause := context.Cause(ctx); cause != nil {
		return fmt.Errorf("%s: %w", doing, cause)
	}
	var refused *Refused
	if errors.As(err, &refused) {
		return refused
	}
	var garbled textproto.ProtocolError
	if errors.As(err, &garbled) {
		return fmt.Errorf("%s: the mail server's answer is none of SMTP", doing)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// ownName is how this machine introduces itself.
func ownName() string {
	name, err := os.Hostname()
	if err != nil || !hostRE.MatchString(name) {
		return "localhost"
	}
	return name
}

var hostRE = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$`)
