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

// SetTimeout shortens the patience with slow servers.
func SetTimeout(s *SMTP, d time.Duration) { s.timeout = d }

// MaxAttempts and RetryAfter are how long a letter is tried.
const MaxAttempts = maxAttempts

// RetryAfter is the wait after an attempt.
func RetryAfter(attempt int) time.Duration { return retryAfter(attempt) }
