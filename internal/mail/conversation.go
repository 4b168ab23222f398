package mail

import (
	"context"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/wneessen/go-mail/smtp"
)

// Send speaks with the server until it has taken the message. What goes wrong after the last byte leaves it open
// whether it has; the letter is then sent again, under the same Message-ID. The error is a *Failure, or that of the
// context, which ends the conversation at once.
func (s *SMTP) Send(ctx context.Context, m Message) error { return s.Recite(ctx, m, nil) }

// Recite is Send, and says every line of the conversation meanwhile, without the password and without the letter.
func (s *SMTP) Recite(ctx context.Context, m Message, say func(line string)) error {
	return s.meet(ctx, say, func(c *conversation) error { return c.deliver(m) })
}

// Probe looks whether the server is there and lets this installation in, and leaves again without a letter.
func (s *SMTP) Probe(ctx context.Context) error {
	return s.meet(ctx, nil, func(*conversation) error { return nil })
}

// meet connects, greets, encrypts and logs in, then does what is to be done, and says goodbye.
func (s *SMTP) meet(ctx context.Context, say func(string), do func(c *conversation) error) error {
	c := &conversation{server: s, say: say, at: StageConnect, end: time.Now().Add(s.patience.talk)}
	conn, err := c.dial(ctx)
	if err == nil {
		defer conn.Close()
		err = c.hold(ctx, conn, do)
	}
	if cause := context.Cause(ctx); cause != nil && err != nil {
		return fmt.Errorf("speak with mail server: %w", cause)
	}
	if err != nil {
		c.tell("(" + err.Error() + ")")
	}
	return err
}

// conversation is one with a mail server, on net/textproto: each command has its stage and its deadline.
type conversation struct {
	server *SMTP
	say    func(line string) // nil: nobody listens
	at     Stage
	end    time.Time // for all of it, but the answer to the letter

	conn      net.Conn
	text      *textproto.Conn
	encrypted bool
	offers    map[string]string // what the server said to EHLO
	secrets   []string          // what is not said on
}

func (c *conversation) dial(ctx context.Context) (net.Conn, error) {
	c.tell("(connecting to " + net.JoinHostPort(c.server.host, c.server.port) + ")")
	dialer := net.Dialer{Timeout: c.server.patience.connect}
	conn, err := dialer.DialContext(ctx, "tcp", net.JoinHostPort(c.server.host, c.server.port))
	if err != nil {
		return nil, unanswered(c.at, err)
	}
	return conn, nil
}

// hold is the conversation from the first byte on. It ends with the context, however slowly the server talks.
func (c *conversation) hold(ctx context.Context, conn net.Conn, do func(c *conversation) error) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	c.conn = &bounded{conn, answersMax}
	if c.server.mode == tlsImplicit {
		if err := c.encrypt(); err != nil {
			return err
		}
	}
	c.text = textproto.NewConn(c.conn)
	err := c.enter()
	if err == nil {
		err = do(c)
	}
	c.leave(err)
	return err
}

// enter goes as far as anybody may who wants to send something.
func (c *conversation) enter() error {
	c.at = StageGreeting
	if _, err := c.answer(220, c.server.patience.answer); err != nil {
		return err
	}
	if err := c.hello(); err != nil {
		return err
	}
	if c.server.mode == tlsStart {
		if err := c.startTLS(); err != nil {
			return err
		}
	}
	return c.logIn()
}

func (c *conversation) hello() error {
	c.at = StageHello
	said, err := c.ask(250, "EHLO "+c.server.hello)
	if f, refused := err.(*Failure); refused && slices.Contains([]int{500, 501, 502, 504, 550}, f.Code) {
		// It may be older than EHLO, and then offers nothing. If it does not like the name, HELO is refused too.
		if _, older := c.ask(250, "HELO "+c.server.hello); older == nil {
			c.offers = nil
			return nil
		}
	}
	if err != nil {
		return err
	}
	c.offers = map[string]string{}
	for i, line := range strings.Split(said, "\n") {
		if word, more, _ := strings.Cut(strings.TrimSpace(line), " "); i > 0 {
			c.offers[strings.ToUpper(word)] = more
		}
	}
	return nil
}

// startTLS encrypts. What the server, or somebody between, has said in the clear behind its answer is thrown away with
// the buffer it stands in, and what it offered is asked again.
func (c *conversation) startTLS() error {
	c.at = StageStartTLS
	if _, offered := c.offers["STARTTLS"]; !offered {
		return unanswered(c.at, reason("it offers no encryption (STARTTLS)"))
	}
	if _, err := c.ask(220, "STARTTLS"); err != nil {
		return err
	}
	if err := c.encrypt(); err != nil {
		return err
	}
	c.text = textproto.NewConn(c.conn)
	return c.hello()
}

func (c *conversation) encrypt() error {
	c.at = StageTLS
	c.limit(c.server.patience.connect)
	encrypted := tls.Client(c.conn, &tls.Config{ServerName: c.server.host, RootCAs: c.server.roots, MinVersion: tls.VersionTLS12})
	if err := encrypted.Handshake(); err != nil {
		return unanswered(c.at, err)
	}
	c.conn, c.encrypted = encrypted, true
	c.tell("(encrypted, " + tls.VersionName(encrypted.ConnectionState().Version) + ")")
	return nil
}

// logIn takes the best way that the server offers. Without encryption the server is on this machine.
func (c *conversation) logIn() error {
	s := c.server
	if s.username == "" {
		return nil
	}
	c.at = StageLogIn
	offered, found := c.offers["AUTH"]
	if !found {
		return &Failure{Stage: c.at, About: AboutLogIn, Reason: "it offers no log-in"}
	}
	mechanisms := strings.Fields(strings.ToUpper(offered))
	unencrypted := s.mode == tlsNone
	for _, way := range []struct {
		name string
		auth smtp.Auth
	}{
		{"SCRAM-SHA-256", smtp.ScramSHA256Auth(s.username, s.password)},
		{"PLAIN", smtp.PlainAuth("", s.username, s.password, s.host, unencrypted)},
		{"LOGIN", smtp.LoginAuth(s.username, s.password, s.host, unencrypted)},
	} {
		if slices.Contains(mechanisms, way.name) {
			return c.prove(way.auth, mechanisms)
		}
	}
	return &Failure{Stage: c.at, About: AboutLogIn, Reason: "it offers no way to log in that is known here (SCRAM-SHA-256, PLAIN, LOGIN)"}
}

// prove is the dialogue of a log-in (RFC 4954).
func (c *conversation) prove(auth smtp.Auth, mechanisms []string) error {
	confused := &Failure{Stage: c.at, About: AboutLogIn, Reason: "no log-in could be agreed on"}
	name, first, err := auth.Start(&smtp.ServerInfo{Name: c.server.host, TLS: c.encrypted, Auth: mechanisms})
	if err != nil {
		return confused
	}
	c.secrets = []string{c.server.password}
	line, shown := "AUTH "+name, "AUTH "+name
	if first != nil {
		c.secrets = append(c.secrets, base64.StdEncoding.EncodeToString(first))
		line, shown = line+" "+c.secrets[1], shown+" ***"
	}
	for {
		code, said, err := c.exchange(line, shown, c.server.patience.answer)
		if err != nil {
			return err
		}
		challenge := []byte(said)
		switch code {
		case 334:
			if challenge, err = base64.StdEncoding.DecodeString(said); err != nil {
				return confused
			}
		case 235:
		default:
			return refusal(c.at, code, said)
		}
		next, err := auth.Next(challenge, code == 334)
		if err != nil {
			return confused
		}
		if code == 235 {
			return nil
		}
		line, shown = base64.StdEncoding.EncodeToString(next), "***"
		c.secrets = append(c.secrets, line)
	}
}

func (c *conversation) deliver(m Message) error {
	sender := "MAIL FROM:<" + m.From + ">"
	if strings.ContainsFunc(m.To, func(r rune) bool { return r >= utf8.RuneSelf }) {
		if _, offered := c.offers["SMTPUTF8"]; !offered {
			c.at = StageTo
			return refusal(StageTo, 550, "5.6.7")
		}
		sender += " BODY=8BITMIME SMTPUTF8" // the address stands in the header too
	}

	c.at = StageSender
	if _, err := c.ask(250, sender); err != nil {
		return err
	}
	c.at = StageTo
	if _, err := c.ask(25, "RCPT TO:<"+m.To+">"); err != nil {
		return err
	}
	c.at = StageData
	if _, err := c.ask(354, "DATA"); err != nil {
		return err
	}

	c.at = StageLetter
	c.limit(c.server.patience.answer)
	body := c.text.DotWriter()
	if _, err := body.Write(m.Raw); err != nil {
		return unanswered(c.at, err)
	}
	c.tell(fmt.Sprintf("C: (the letter, %d bytes)", len(m.Raw)))
	c.tell("C: .")
	c.end = time.Now().Add(c.server.patience.taken)
	c.limit(c.server.patience.taken)
	if err := body.Close(); err != nil {
		return unanswered(c.at, err)
	}
	_, err := c.answer(250, c.server.patience.taken)
	return err
}

// leave says goodbye. The letter is taken or not, whatever is answered; and where something broke, nothing is.
func (c *conversation) leave(err error) {
	if f, failed := err.(*Failure); failed && (f.Code == 0 || f.Code == 421) {
		return
	}
	c.end = time.Now().Add(c.server.patience.leave)
	_, _, _ = c.exchange("QUIT", "QUIT", c.server.patience.leave)
}

// ask says a command, and wants one answer: that code, or one that begins so.
func (c *conversation) ask(want int, line string) (string, error) {
	code, said, err := c.exchange(line, line, c.server.patience.answer)
	if err != nil {
		return "", err
	}
	return said, c.check(want, code, said)
}

// exchange says a line, as it is shown, and hears the answer.
func (c *conversation) exchange(line, shown string, patience time.Duration) (code int, said string, err error) {
	c.limit(patience)
	c.tell("C: " + shown)
	if strings.ContainsAny(line, "\r\n") {
		return 0, "", unanswered(c.at, reason("a command of two lines was not said"))
	}
	if err := c.text.PrintfLine("%s", line); err != nil {
		return 0, "", unanswered(c.at, err)
	}
	return c.hear()
}

// answer hears what the server says without being asked.
func (c *conversation) answer(want int, patience time.Duration) (string, error) {
	c.limit(patience)
	code, said, err := c.hear()
	if err != nil {
		return "", err
	}
	return said, c.check(want, code, said)
}

func (c *conversation) check(want, code int, said string) error {
	for n := code; n > 0; n /= 10 {
		if n == want {
			return nil
		}
	}
	return refusal(c.at, code, said)
}

// hear reads one answer: lines that begin with its code, the last of them without a hyphen behind it (RFC 5321 4.2.1).
func (c *conversation) hear() (code int, said string, err error) {
	var lines []string
	for more := true; more; {
		line, err := c.text.ReadLine()
		if err != nil {
			return 0, "", unanswered(c.at, err)
		}
		n, words, ok := readAnswer(line)
		if !ok || code != 0 && n != code {
			return 0, "", unanswered(c.at, reason("what it said is none of SMTP"))
		}
		code, more = n, strings.HasPrefix(words, "-")
		words = strings.TrimPrefix(strings.TrimPrefix(words, "-"), " ")
		lines = append(lines, words)
		if code == 334 {
			words = "***"
		}
		c.tell(fmt.Sprintf("S: %d%s%s", code, map[bool]string{true: "-", false: " "}[more], words))
	}
	return code, strings.Join(lines, "\n"), nil
}

func readAnswer(line string) (code int, words string, ok bool) {
	if len(line) < 3 {
		return 0, "", false
	}
	code, err := strconv.Atoi(line[:3])
	return code, line[3:], err == nil && code >= 200 && code < 600 && (len(line) == 3 || line[3] == ' ' || line[3] == '-')
}

// limit bounds the next step, and never beyond the end of the conversation.
func (c *conversation) limit(patience time.Duration) {
	until := time.Now().Add(patience)
	if until.After(c.end) {
		until = c.end
	}
	_ = c.conn.SetDeadline(until) // if the connection is gone, the next step says so
}

// tell shows a line to whoever listens: without secrets, and without what would move the cursor.
func (c *conversation) tell(line string) {
	if c.say == nil {
		return
	}
	for _, secret := range c.secrets {
		if secret != "" {
			line = strings.ReplaceAll(line, secret, "***")
		}
	}
	c.say(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, line))
}
