package mail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
)

// Stage is what was being done in a conversation with a mail server.
type Stage string

// The stages, in their order. An answer to StageLetter comes after the last byte of the letter.
const (
	StageConnect  Stage = "connect"
	StageTLS      Stage = "TLS"
	StageGreeting Stage = "greeting"
	StageHello    Stage = "EHLO"
	StageStartTLS Stage = "STARTTLS"
	StageLogIn    Stage = "AUTH"
	StageSender   Stage = "MAIL"
	StageTo       Stage = "RCPT"
	StageData     Stage = "DATA"
	StageLetter   Stage = "letter"
)

// Party is what a mail server finds fault with, and so who can mend it: the recipient's address is nobody's in the
// house, everything else is up to whoever runs this installation or the mail server.
type Party string

// The parties.
const (
	AboutRecipient Party = "recipient" // the address the letter goes to
	AboutSender    Party = "sender"    // the address it comes from, and what its domain says of it (SPF, DKIM, DMARC)
	AboutClient    Party = "client"    // this installation: its name in EHLO, where it connects from, what it says
	AboutLogIn     Party = "log-in"    // its name and password
	AboutPolicy    Party = "policy"    // a rule of the server's, it is not said about what
	AboutContent   Party = "content"   // what the letter holds
	AboutServer    Party = "server"    // the mail server itself: it is away, busy, full or broken
)

// Failure is why a conversation with a mail server ended before it had taken the letter. The server's own words are left
// out, for they quote the address.
type Failure struct {
	Stage    Stage
	Code     int    // 550; 0: no answer came
	Enhanced string // "5.1.1", or empty
	About    Party
	// Lasting says that the letter will not be taken later either. That is so of some faults of a recipient's address
	// alone: all others can be mended by people, and the letter waits for them.
	Lasting bool
	// Reason is why no answer came.
	Reason string
	cause  error
}

func (f *Failure) Error() string {
	if f.Code == 0 {
		return fmt.Sprintf("mail server, at %s: %s", f.Stage, f.Reason)
	}
	return strings.Join(strings.Fields(fmt.Sprintf("mail server answered %d %s to %s", f.Code, f.Enhanced, f.Stage)), " ")
}

func (f *Failure) Unwrap() error { return f.cause }

// Operators tells whether whoever runs this installation has to hear of it: it stands in the way of other letters too.
// What concerns one recipient does not, nor what is only put off, as greylisting does.
func (f *Failure) Operators() bool {
	switch f.About {
	case AboutRecipient:
		return false
	case AboutPolicy, AboutContent:
		return f.Code/100 == 5
	}
	return true
}

// Reached tells whether the server was spoken to until it knew of a letter. Until then a look at the server without a
// letter finds the same.
func (f *Failure) Reached() bool {
	switch f.Stage {
	case StageSender, StageTo, StageData, StageLetter:
		return true
	}
	return false
}

// Detail says for people what the failure means, as a clause, and whose trouble it is.
func (f *Failure) Detail() string {
	const theirs = "; whoever runs this installation has to mend that"
	switch f.About {
	case AboutRecipient:
		return f.recipientDetail()
	case AboutSender:
		return "the mail server does not take the address that letters come from" + theirs
	case AboutClient:
		return "the mail server does not let this installation in" + theirs
	case AboutLogIn:
		return "the mail server does not take the name and password of this installation" + theirs
	case AboutContent:
		if isSize(f.Enhanced) || f.Code == 552 {
			return "the letter is larger than the mail server takes"
		}
		return "the mail server refused what the letter holds" + theirs
	case AboutPolicy:
		if f.Code/100 == 4 {
			return "the mail server asks to try again later"
		}
		return "the mail server refused it by a rule of its own" + theirs
	}
	switch {
	case f.Code != 0:
		return "the mail server cannot take letters at the moment"
	case f.Stage == StageConnect:
		return "the mail server could not be reached"
	case f.Stage == StageTLS:
		return "no safe connection to the mail server could be made" + theirs
	}
	return "the mail server broke off"
}

func (f *Failure) recipientDetail() string {
	if f.Code/100 == 4 && subject(f.Enhanced) != "2.2" {
		return "the mailbox takes no mail at the moment"
	}
	switch subject(f.Enhanced) {
	case "1.2", "1.10":
		return "the domain takes no mail"
	case "1.3", "1.4":
		return "the mail server does not know such an address"
	case "1.6":
		return "the mailbox has moved"
	case "2.1":
		return "the mailbox is switched off"
	case "2.2":
		return "the mailbox is full"
	case "6.7", "6.9", "6.10":
		return "the mail server does not know addresses with such characters"
	case "1.1", "":
		if f.Code == 552 {
			return "the mailbox is full"
		}
		return "the mailbox does not exist"
	}
	return "the mailbox takes no mail"
}

// Advice says to whoever runs this installation what to do, as a sentence.
func (f *Failure) Advice() string {
	switch f.About {
	case AboutRecipient:
		return "The address is at fault, not this installation: check it, or try another one."
	case AboutSender:
		return "Set ROSTER_MAIL_FROM to an address that this mail server lets you send from, and have its domain name the server in SPF, DKIM and DMARC."
	case AboutLogIn:
		return "Check the name and the password in ROSTER_SMTP_URL; some providers want one made for programs."
	case AboutClient:
		return "Set ROSTER_MAIL_HELLO to this machine's name in DNS, or have the mail server let this machine in."
	case AboutPolicy:
		if f.Code/100 == 4 {
			return "The mail server puts strangers off at first: try again in some minutes."
		}
		return "Look into the mail server's log: it does not relay for this machine (log in, or allow its address there), or does not like the sender (ROSTER_MAIL_FROM)."
	case AboutContent:
		return "Look into the mail server's log: its filter refused the letter, or the sender's domain is not in order (SPF, DKIM, DMARC)."
	}
	switch {
	case f.Code != 0:
		return "The mail server is busy, full or out of order: look into its log, and try again later."
	case f.Stage == StageTLS:
		return "Check tls= in ROSTER_SMTP_URL (port 465 is smtps://, port 587 is smtp://), that the host is the name in the server's certificate, and for an authority of your own add ?ca=/path/to/ca.pem."
	case f.Stage == StageStartTLS:
		return "Have the mail server offer STARTTLS, or write smtps:// in ROSTER_SMTP_URL if it speaks TLS from the start."
	case f.Stage == StageConnect:
		return "Check host and port in ROSTER_SMTP_URL, that the mail server runs, and that no firewall or provider blocks the port."
	case f.Stage == StageGreeting:
		return "Something listens there and does not speak SMTP: check the port in ROSTER_SMTP_URL (465 is smtps://, 587 and 25 are smtp://)."
	}
	return "The mail server stopped in the middle: look into its log, and try again."
}

// What an answer is about.
//
// The first digit of a code says whether it is for good, and the enhanced code (class.subject.detail) what it is about:
// RFC 5321 4.2, RFC 3463, RFC 6531, and the registry at https://www.iana.org/assignments/smtp-enhanced-status-codes.
// At which stage an answer comes says less than it seems: Postfix gives its refusals of client, EHLO and sender when the
// recipient is named (smtpd_delay_reject), and servers that look into SPF, DKIM and DMARC give theirs after the letter.
// So an answer is taken as one about the recipient only where it says so, and what is not clear keeps the letter.
var (
	// bySubject is what subject and detail of an enhanced code are about, in answers to RCPT and to the letter; a
	// subject alone stands for its other details.
	bySubject = map[string]Party{
		"1":    AboutPolicy,                     // an address, not said whose: 5.1.0 is a sender at Postfix
		"1.1":  AboutRecipient,                  // no such mailbox
		"1.2":  AboutRecipient,                  // no such domain
		"1.3":  AboutRecipient,                  // not an address there
		"1.4":  AboutRecipient,                  // more than one
		"1.6":  AboutRecipient,                  // moved, and not said where
		"1.10": AboutRecipient,                  // null MX: the domain takes no mail (RFC 7505)
		"1.7":  AboutSender, "1.8": AboutSender, // not an address, no such domain
		"2":   AboutRecipient,                                                // the mailbox: off (2.1), full (2.2)
		"2.3": AboutContent,                                                  // larger than the mailbox takes
		"3":   AboutServer,                                                   // the mail system: full, not taking, misconfigured
		"3.4": AboutContent,                                                  // larger than the system takes
		"4":   AboutServer,                                                   // network and routing
		"5":   AboutClient,                                                   // how we speak: 5.5.2 is a name without a dot in EHLO
		"6":   AboutContent,                                                  // what the letter is made of
		"6.7": AboutRecipient, "6.9": AboutRecipient, "6.10": AboutRecipient, // no letters beyond ASCII in addresses (RFC 6531)
		"7":   AboutPolicy,                    // 5.7.1: a relay not allowed, a sender not owned, spam, all in one
		"7.3": AboutLogIn, "7.57": AboutLogIn, // Exchange: the client was not authenticated
		"7.8": AboutLogIn, "7.9": AboutLogIn, "7.11": AboutLogIn, "7.12": AboutLogIn, "7.13": AboutLogIn, // RFC 4954, RFC 5248
		"7.20": AboutSender, "7.21": AboutSender, "7.22": AboutSender, // DKIM (RFC 7372)
		"7.23": AboutSender, "7.24": AboutSender, // SPF
		"7.25": AboutClient,                                           // this machine's address has no name
		"7.26": AboutSender, "7.27": AboutSender, "7.29": AboutSender, // several of these, null MX, ARC
		"7.60": AboutSender, // Exchange: may not send as this sender
	}

	// lasting are the faults of a recipient that no waiting mends. A full mailbox is emptied.
	lasting = map[string]bool{"1.1": true, "1.2": true, "1.3": true, "1.4": true, "1.6": true, "1.10": true, "2.1": true, "6.7": true, "6.9": true, "6.10": true}

	// byCode is what a code without an enhanced one is about at RCPT.
	byCode = map[int]Party{
		450: AboutPolicy, 451: AboutPolicy, 452: AboutServer, // 450 and 451: greylisting, most of all
		500: AboutClient, 501: AboutClient, 502: AboutClient, 503: AboutClient, 504: AboutClient, 555: AboutClient,
		530: AboutLogIn, 534: AboutLogIn, 535: AboutLogIn, 538: AboutLogIn,
		550: AboutRecipient,
		551: AboutPolicy, 553: AboutPolicy, 554: AboutPolicy, // "not local", "not allowed", "failed": mostly relaying
		552: AboutRecipient, // full
		556: AboutRecipient, // the domain takes no mail (RFC 7504)
	}

	// hints are words by which servers say what an answer is about where its code does not: Exim has no enhanced codes,
	// and 5.7.1 is everything at once.
	hints = []struct {
		words *regexp.Regexp
		about Party
	}{
		{regexp.MustCompile(`(?i)\bauthenticat|\blog ?in\b`), AboutLogIn},
		{regexp.MustCompile(`(?i)\bsender\b`), AboutSender},
		{regexp.MustCompile(`(?i)\brelay|\b[he][eh]lo\b|\bclient host\b|\brcpthosts\b|reverse dns|\brdns\b|\bptr\b`), AboutClient},
		{regexp.MustCompile(`(?i)\b(black|block) ?list|\bblocked\b|\bspam|\bdnsbl\b|\brbl\b|\bpolicy\b`), AboutPolicy},
	}
	addressRE = regexp.MustCompile(`<[^>]*>|\S+@\S+`)
)

// refusal reads an answer.
func refusal(at Stage, code int, text string) *Failure {
	f := &Failure{Stage: at, Code: code, Enhanced: enhanced(text)}
	f.About = about(at, code, subject(f.Enhanced))
	if (at == StageTo || at == StageLetter) && (f.About == AboutPolicy || f.About == AboutRecipient && subject(f.Enhanced) == "") {
		if party, found := hinted(text); found {
			f.About = party
		}
	}
	if f.About == AboutRecipient && code/100 == 5 {
		f.Lasting = lasting[subject(f.Enhanced)] || subject(f.Enhanced) == "" && (code == 550 || code == 556)
	}
	return f
}

func about(at Stage, code int, what string) Party {
	switch {
	case code == 421: // the server is leaving, whatever was asked (RFC 5321 3.8)
		return AboutServer
	case code == 530 || code == 534 || code == 535 || code == 538:
		return AboutLogIn
	}
	switch at {
	case StageConnect, StageTLS, StageGreeting, StageHello, StageStartTLS:
		if code/100 == 5 && at != StageStartTLS {
			return AboutClient
		}
		return AboutServer
	case StageLogIn:
		if code/100 == 5 {
			return AboutLogIn
		}
		return AboutServer
	case StageSender:
		return aboutSender(code, what)
	}
	if party, known := bySubject[what]; known {
		return party
	}
	if group, _, detailed := strings.Cut(what, "."); detailed {
		if party, known := bySubject[group]; known {
			return party
		}
	}
	switch party, known := byCode[code]; {
	case at == StageData, at == StageLetter && code/100 == 4, !known && code/100 == 4:
		return AboutServer
	case at == StageLetter:
		return AboutContent
	case known:
		return party
	}
	return AboutPolicy
}

// hinted asks the words where an answer may be about us. The addresses in them are not asked.
func hinted(text string) (Party, bool) {
	text = addressRE.ReplaceAllString(text, "")
	for _, hint := range hints {
		if hint.words.MatchString(text) {
			return hint.about, true
		}
	}
	return "", false
}

// aboutSender reads an answer to MAIL: no recipient is known yet.
func aboutSender(code int, what string) Party {
	party, known := bySubject[what]
	if group, _, _ := strings.Cut(what, "."); !known {
		party, known = bySubject[group]
	}
	switch {
	case strings.HasPrefix(what, "6."): // only where the recipient's address needs it is SMTPUTF8 asked for
		return party
	case strings.HasPrefix(what, "1.") || strings.HasPrefix(what, "2.") && party != AboutContent:
		return AboutSender
	case known && party != AboutPolicy:
		return party
	case code/100 == 4:
		return AboutServer
	case code == 552:
		return AboutContent
	case code == 555 || code/10 == 50:
		return AboutClient
	}
	return AboutSender
}

// enhancedRE finds an enhanced code where RFC 2034 has it, at the start of a line, or in brackets as qmail writes it.
var enhancedRE = regexp.MustCompile(`(?m)^([245]\.\d{1,3}\.\d{1,3})(?:\s|$)|\(#([245]\.\d{1,3}\.\d{1,3})\)`)

func enhanced(text string) string {
	if found := enhancedRE.FindStringSubmatch(text); found != nil {
		return found[1] + found[2]
	}
	return ""
}

// subject is an enhanced code without its class; X.0.0 says nothing.
func subject(code string) string {
	_, rest, _ := strings.Cut(code, ".")
	if rest == "0.0" {
		return ""
	}
	return rest
}

func isSize(code string) bool { return subject(code) == "3.4" || subject(code) == "2.3" }

// unanswered is the failure of a conversation that broke off. What came over the network does not stand in its reason.
func unanswered(at Stage, err error) *Failure {
	f := &Failure{Stage: at, About: AboutServer, cause: err}
	var (
		name      *net.DNSError
		timeout   net.Error
		record    tls.RecordHeaderError
		authority x509.UnknownAuthorityError
		host      x509.HostnameError
		invalid   x509.CertificateInvalidError
		ours      reason
	)
	switch {
	case errors.As(err, &ours):
		f.Reason = string(ours)
	case errors.As(err, &name) && name.IsNotFound:
		f.Reason = "its host is not known in DNS"
	case errors.As(err, &name):
		f.Reason = "its host could not be looked up in DNS"
	case errors.As(err, &authority):
		f.Stage, f.Reason = StageTLS, "its certificate is of an authority that is not known here"
	case errors.As(err, &host):
		f.Stage, f.Reason = StageTLS, "its certificate is for another name than the host's"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		f.Stage, f.Reason = StageTLS, "its certificate has expired or is not valid yet"
	case errors.As(err, &invalid):
		f.Stage, f.Reason = StageTLS, "its certificate is not valid"
	case errors.As(err, &record):
		f.Reason = "it does not speak TLS there"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		f.Reason = "it did not answer in time"
	case errors.Is(err, syscall.ECONNREFUSED):
		f.Reason = "nothing listens there (connection refused)"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		f.Reason = "there is no way to it in the network"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, net.ErrClosed), errors.Is(err, io.ErrClosedPipe):
		f.Reason = "it cut the connection"
	case at == StageTLS:
		f.Reason = "no encryption could be agreed on"
	default:
		f.Reason = "the connection broke"
	}
	return f
}

// reason is an error of ours, in words for operators.
type reason string

func (r reason) Error() string { return string(r) }
