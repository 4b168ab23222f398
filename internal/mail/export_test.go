package mail

import (
	"crypto/x509"
	"net"
	"time"
)

// DescribeSMTP shows what was read from a URL.
func DescribeSMTP(s *SMTP) string {
	d := s.host + ":" + s.port + " " + string(s.mode)
	if net.ParseIP(s.host) == nil {
		d = net.JoinHostPort(s.host, s.port) + " " + string(s.mode)
	}
	if s.username != "" {
		d += " " + s.username + ":" + s.password
	}
	return d
}

// SetRoots lets a test vouch for its own certificate.
func SetRoots(s *SMTP, roots *x509.CertPool) { s.roots = roots }

// SetPatience shortens the patience with slow servers, for each step.
func SetPatience(s *SMTP, d time.Duration) { s.patience = patience{d, d, d, d, d} }

// HelloOf is how a machine introduces itself.
func HelloOf(s *SMTP) string { return s.hello }

// KeepTime, MaxAttempts and RetryAfter are how long a letter is tried.
const (
	KeepTime    = keepTime
	MaxAttempts = maxAttempts
)

// Public is what everybody may read of a failure.
func (f *Failure) Public() string { return f.public() }

// Refusal reads an answer.
func Refusal(at Stage, code int, text string) *Failure { return refusal(at, code, text) }

// RetryAfter is the wait after an attempt.
func RetryAfter(attempt int) time.Duration { return retryAfter(attempt) }
