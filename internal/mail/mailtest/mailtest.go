// Package mailtest is a real SMTP server for tests: it listens on 127.0.0.1, keeps what it is given, reads it as a mail
// program would, and can be told to behave as mail servers do on bad days.
package mailtest

import (
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
	"golang.org/x/net/html"

	"roster/internal/suite"
)

// Mode is how the server behaves.
type Mode int

// The modes of a server.
const (
	Normal     Mode = iota
	Busy            // answers MAIL with 421
	NoMailbox       // answers RCPT with 550 5.1.1
	Greylist        // answers RCPT with 451 4.7.1
	RefuseData      // answers the letter with 554
	Hang            // reads the letter and never answers
	Drop            // reads the letter, forgets it and closes the connection
	LoseAnswer      // keeps the letter and closes the connection without an answer
	Tarpit          // talks one byte a second
)

// Message is a letter as it arrived.
type Message struct {
	Subject string
	From    string // the envelope's sender
	To      string // the envelope's one recipient
	Text    string
	HTML    string
	Links   []string // http and https addresses of both forms, each once, in order
	Header  netmail.Header
	Raw     []byte
}

// Link is the first link that contains part, or nothing.
func (m Message) Link(part string) string {
	for _, link := range m.Links {
		if strings.Contains(link, part) {
			return link
		}
	}
	return ""
}

// Server is a running server.
type Server struct {
	server   *smtp.Server
	listener net.Listener

	mu       sync.Mutex
	arrived  *sync.Cond
	mode     Mode
	all      []Message
	taken    []bool // by Wait
	attempts int
	closed   chan struct{}
	pause    func(phase string) time.Duration
}

// Option changes a server before it starts.
type Option func(*Server)

// WithTLS lets the server speak TLS with this certificate: from the first byte, or after STARTTLS.
func WithTLS(certificate tls.Certificate, implicit bool) Option {
	return func(s *Server) {
		config := &tls.Config{Certificates: []tls.Certificate{certificate}}
		if implicit {
			s.listener = tls.NewListener(s.listener, config)
		} else {
			s.server.TLSConfig = config
		}
	}
}

// WithLogin lets only this name and password in.
func WithLogin(name, password string) Option {
	return func(s *Server) {
		s.server.Backend = &backend{server: s, name: name, password: password}
		s.server.AllowInsecureAuth = true
	}
}

// WithPauses lets the server dawdle: pause says for how long, at "connect", "MAIL", "DATA" (the letter is there, and not
// yet kept), "kept" (it is, and the answer is not given) and "QUIT" (after the answer).
func WithPauses(pause func(phase string) time.Duration) Option {
	return func(s *Server) { s.pause = pause }
}

// dawdle waits as the test says.
func (s *Server) dawdle(phase string) {
	if s.pause == nil {
		return
	}
	select {
	case <-time.After(s.pause(phase)):
	case <-s.closed:
	}
}

// Start starts a server that stops with the test.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start mail server: %v", err)
	}
	s := &Server{listener: listener, closed: make(chan struct{})}
	s.arrived = sync.NewCond(&s.mu)
	s.server = smtp.NewServer(&backend{server: s})
	s.server.Domain = "mail.test"
	s.server.EnableSMTPUTF8 = true
	s.server.MaxMessageBytes = 1 << 20
	s.server.ErrorLog = quiet{}
	for _, option := range options {
		option(s)
	}

	served := make(chan struct{})
	go func() {
		defer close(served)
		s.server.Serve(slow{s.listener, s})
	}()
	t.Cleanup(func() {
		close(s.closed)
		s.server.Close()
		<-served
	})
	return s
}

type quiet struct{}

func (quiet) Printf(string, ...any) {}
func (quiet) Println(...any)        {}

// URL is the server's address, for ROSTER_SMTP_URL.
func (s *Server) URL() string { return "smtp://" + s.Addr() + "?tls=none" }

// Addr is the server's host and port.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Set changes how the server behaves from the next command on.
func (s *Server) Set(m Mode) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.mode = m
}

func (s *Server) is(m Mode) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mode == m
}

// Attempts is how many connections there have been.
func (s *Server) Attempts() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attempts
}

// All is what was kept so far, in the order in which it arrived.
func (s *Server) All() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

// Wait gives the next letter to an address, whatever its case, that no Wait has given before.
func (s *Server) Wait(t testing.TB, to string) Message {
	t.Helper()
	patience := suite.Patience(t)
	late := false
	timer := time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		late = true
		s.arrived.Broadcast()
	})
	defer timer.Stop()

	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		for i, m := range s.all {
			if !s.taken[i] && strings.EqualFold(m.To, to) {
				s.taken[i] = true
				return m
			}
		}
		if late {
			t.Fatalf("no letter to %s in %v (%d arrived in all)", to, patience, len(s.all))
		}
		s.arrived.Wait()
	}
}

func (s *Server) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, m)
	s.taken = append(s.taken, false)
	s.arrived.Broadcast()
}

// slow makes connections that talk one byte a second while the server is a tarpit.
type slow struct {
	net.Listener
	server *Server
}

func (l slow) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.server.mu.Lock()
	l.server.attempts++
	l.server.mu.Unlock()
	if _, encrypted := conn.(*tls.Conn); encrypted {
		return conn, nil // the server has to see what it is
	}
	return slowConn{conn, l.server}, nil
}

type slowConn struct {
	net.Conn
	server *Server
}

func (c slowConn) Write(p []byte) (int, error) {
	switch {
	case bytes.HasPrefix(p, []byte("220 ")):
		c.server.dawdle("connect")
	case bytes.HasPrefix(p, []byte("221 ")):
		c.server.dawdle("QUIT")
	}
	for i := range p {
		if !c.server.is(Tarpit) {
			n, err := c.Conn.Write(p[i:])
			return i + n, err
		}
		if _, err := c.Conn.Write(p[i : i+1]); err != nil {
			return i, err
		}
		select {
		case <-time.After(time.Second):
		case <-c.server.closed:
			return i, net.ErrClosed
		}
	}
	return len(p), nil
}

type backend struct {
	server         *Server
	name, password string
}

func (b *backend) NewSession(c *smtp.Conn) (smtp.Session, error) {
	s := &session{backend: b, conn: c}
	if b.name != "" {
		return &loginSession{s}, nil
	}
	return s, nil
}

type session struct {
	backend  *backend
	conn     *smtp.Conn
	let      bool
	from     string
	to       []string
	declared *smtp.MailOptions
}

func (s *session) Mail(from string, options *smtp.MailOptions) error {
	if s.backend.name != "" && !s.let {
		return smtp.ErrAuthRequired
	}
	if s.backend.server.is(Busy) {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "Too busy for " + from}
	}
	s.backend.server.dawdle("MAIL")
	s.from, s.declared = from, options
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	switch {
	case s.backend.server.is(NoMailbox):
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 1, 1}, Message: "<" + to + ">: no such mailbox"}
	case s.backend.server.is(Greylist):
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "<" + to + ">: try again later"}
	}
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}

	server := s.backend.server
	server.dawdle("DATA")
	switch {
	case server.is(RefuseData):
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Looks like spam"}
	case server.is(Hang):
		<-server.closed
		return errors.New("stopped")
	case server.is(Drop):
		s.conn.Conn().Close()
		return errors.New("dropped")
	}
	lost := server.is(LoseAnswer) // before anybody sees the letter, and sets another mode
	for _, to := range s.to {
		m, err := read(raw)
		if err != nil {
			return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "Cannot be read: " + err.Error()}
		}
		m.From, m.To = s.from, to
		server.keep(m)
	}
	server.dawdle("kept")
	if lost {
		s.conn.Conn().Close()
	}
	return nil
}

func (s *session) Reset()        { s.from, s.to = "", nil }
func (s *session) Logout() error { return nil }

// loginSession is a session that offers to log in.
type loginSession struct{ *session }

func (s *loginSession) AuthMechanisms() []string { return []string{sasl.Plain} }

func (s *loginSession) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, name, password string) error {
		if name != s.backend.name || password != s.backend.password {
			return smtp.ErrAuthFailed
		}
		s.let = true
		return nil
	}), nil
}

// read takes a letter apart as a mail program does.
func read(raw []byte) (Message, error) {
	m := Message{Raw: raw}
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m, fmt.Errorf("read letter: %w", err)
	}
	m.Header = parsed.Header
	if m.Subject, err = new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject")); err != nil {
		return m, fmt.Errorf("read subject: %w", err)
	}
	if err := m.readPart(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), parsed.Body); err != nil {
		return m, err
	}
	m.Links = links(m.Text, m.HTML)
	return m, nil
}

func (m *Message) readPart(contentType, encoding string, body io.Reader) error {
	kind, params, err := mime.ParseMediaType(contentType)
	if err != nil {
		return fmt.Errorf("read content type: %w", err)
	}
	if strings.HasPrefix(kind, "multipart/") {
		parts := multipart.NewReader(body, params["boundary"])
		for {
			part, err := parts.NextRawPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err != nil {
				return fmt.Errorf("read part: %w", err)
			}
			if err := m.readPart(part.Header.Get("Content-Type"), part.Header.Get("Content-Transfer-Encoding"), part); err != nil {
				return err
			}
		}
	}

	switch strings.ToLower(encoding) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	data, err := io.ReadAll(body)
	if err != nil {
		return fmt.Errorf("read %s: %w", kind, err)
	}
	words := strings.ReplaceAll(string(data), "\r\n", "\n")
	switch kind {
	case "text/plain":
		m.Text = words
	case "text/html":
		m.HTML = words
	default:
		return fmt.Errorf("read letter: unexpected part %s", kind)
	}
	return nil
}

var linkRE = regexp.MustCompile(`https?://[^\s<>"]+`)

// links gathers what a person or a scanner could open.
func links(text, page string) []string {
	found := linkRE.FindAllString(text, -1)
	for i, link := range found {
		found[i] = strings.TrimRight(link, ".,;:)”’") // the sentence's, not the address's
	}
	tokens := html.NewTokenizer(strings.NewReader(page))
	for {
		switch tokens.Next() {
		case html.ErrorToken:
			return unique(found)
		case html.StartTagToken, html.SelfClosingTagToken:
			for _, a := range tokens.Token().Attr {
				if a.Key == "href" || a.Key == "src" || a.Key == "action" || a.Key == "background" {
					found = append(found, a.Val)
				}
			}
		}
	}
}

func unique(links []string) []string {
	var kept []string
	for _, link := range links {
		if u, err := url.Parse(link); err == nil && (u.Scheme == "http" || u.Scheme == "https") && !slices.Contains(kept, link) {
			kept = append(kept, link)
		}
	}
	return kept
}
