package mailtest

import (
	"bufio"
	"crypto/tls"
	"net"
	"strings"
	"sync"
	"testing"
	"time"
)

// What a scripted server does at a stage instead of answering.
const (
	Hangs = "\x00hangs" // says nothing, and does not hang up
	Drips = "\x00drips" // begins an answer and never ends it, byte for byte
	Cuts  = "\x00cuts"  // hangs up
)

// Script is a mail server that says at each stage what a test has written down for it: any code, several lines, what is
// none of SMTP, or nothing. Stages are "greeting", "EHLO", "HELO", "STARTTLS", "AUTH", "MAIL", "RCPT", "DATA", "letter"
// and "QUIT"; one without a line is answered as by a server that is content.
type Script struct {
	listener    net.Listener
	certificate *tls.Certificate
	closed      chan struct{}

	mu      sync.Mutex
	answers map[string]string
	said    []string // by clients
	letters []string
}

// StartScript starts a scripted server that stops with the test. With a certificate it can do STARTTLS.
func StartScript(t testing.TB, certificate *tls.Certificate, answers map[string]string) *Script {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("start scripted mail server: %v", err)
	}
	s := &Script{listener: listener, certificate: certificate, closed: make(chan struct{}), answers: answers}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { s.serve(conn) })
		}
	})
	t.Cleanup(func() {
		close(s.closed)
		listener.Close()
		all.Wait()
	})
	return s
}

// Addr is the server's host and port.
func (s *Script) Addr() string { return s.listener.Addr().String() }

// URL is the server's address, for ROSTER_SMTP_URL.
func (s *Script) URL() string { return "smtp://" + s.Addr() + "?tls=none" }

// Set changes what is said from the next command on.
func (s *Script) Set(answers map[string]string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers = answers
}

// Said is every command that came, in order.
func (s *Script) Said() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.said...)
}

// Letters are those that came in whole, whatever was answered.
func (s *Script) Letters() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.letters...)
}

func (s *Script) serve(conn net.Conn) {
	defer func() { conn.Close() }()
	ended := make(chan struct{})
	defer close(ended)
	go func(conn net.Conn) {
		select {
		case <-s.closed:
			conn.Close()
		case <-ended:
		}
	}(conn)

	lines := bufio.NewReader(conn)
	if !s.answer(conn, "greeting") {
		return
	}
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimRight(line, "\r\n")
		s.mu.Lock()
		s.said = append(s.said, line)
		s.mu.Unlock()
		word, _, _ := strings.Cut(line, " ")
		word = strings.ToUpper(word)
		if !s.answer(conn, word) || word == "QUIT" {
			return
		}
		switch {
		case word == "STARTTLS" && s.certificate != nil && strings.HasPrefix(s.line(word), "220"):
			encrypted := tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{*s.certificate}})
			if encrypted.Handshake() != nil {
				return
			}
			conn, lines = encrypted, bufio.NewReader(encrypted)
		case word == "DATA" && strings.HasPrefix(s.line(word), "354"):
			if !s.letter(lines) || !s.answer(conn, "letter") {
				return
			}
		}
	}
}

func (s *Script) letter(lines *bufio.Reader) bool {
	var letter strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		if line == ".\r\n" {
			break
		}
		letter.WriteString(line)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.letters = append(s.letters, letter.String())
	return true
}

// content is what a server says that finds no fault.
var content = map[string]string{
	"greeting": "220 mail.test ESMTP", "EHLO": "250-mail.test\r\n250-8BITMIME\r\n250 ENHANCEDSTATUSCODES", "HELO": "250 mail.test", "STARTTLS": "220 2.0.0 go on",
	"AUTH": "235 2.7.0 in", "MAIL": "250 2.1.0 ok", "RCPT": "250 2.1.5 ok", "DATA": "354 go on", "letter": "250 2.0.0 taken", "QUIT": "221 2.0.0 bye",
}

func (s *Script) line(stage string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if line, ok := s.answers[stage]; ok {
		return line
	}
	if line, ok := content[stage]; ok {
		return line
	}
	return "500 5.5.1 what?"
}

// answer says what stands there, and tells whether the conversation goes on.
func (s *Script) answer(conn net.Conn, stage string) bool {
	switch line := s.line(stage); line {
	case Hangs:
		<-s.closed
		return false
	case Cuts:
		return false
	case Drips:
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for _, err := conn.Write([]byte("250-")); err == nil; _, err = conn.Write([]byte("x")) {
			select {
			case <-tick.C:
			case <-s.closed:
				return false
			}
		}
		return false
	default:
		_, err := conn.Write([]byte(line + "\r\n"))
		return err == nil
	}
}
