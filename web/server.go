// Package web reads a request, asks the house, and shows the answer. It holds no rule of its own: what
// people may do is asked of internal/role and done by internal/roster and internal/account.
//
// Reading order: server.go is the stack, routes.go the whole site, access.go the gates, session.go what is
// remembered, render.go and errors.go the answers, and then one file per noun.
package web

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/labstack/echo/v4"

	"roster/internal/account"
	"roster/internal/live"
	"roster/internal/mail"
	"roster/internal/roster"
	"roster/static"
	"roster/views/layout"
	"roster/views/paths"
)

// Config is what the site needs to know of its installation.
type Config struct {
	URL        *url.URL       // the public address: links and the Host header are held against it
	Dev        bool           // somebody's own machine: the mailbox, the gallery, loopback names
	Proxies    []netip.Prefix // whose forwarding headers are believed
	BySocket   bool           // those of whoever comes by a unix socket are, too
	Operator   string
	PrivacyURL string
	HelpURL    string
	SignupOpen bool   // anybody may sign up; otherwise by invitation
	Key        []byte // 32 bytes, of which this package derives its own
	Version    string

	Live   *live.Live // tells open pages what has changed; nil: they are not told
	AtOnce int        // requests of one organization that are at work at the same time; 0: as many as come
}

// Server is the site.
type Server struct {
	config   Config
	roster   *roster.Roster
	accounts *account.Accounts
	mailbox  *mail.Mailbox
	health   func(context.Context) Health
	log      *slog.Logger

	echo       *echo.Echo
	routes     []*Route
	sessions   sessions
	origin     *http.CrossOriginProtection
	forwarding *forwarding
	markKey    []byte
	markBlock  cipher.Block
	noticeSeal cipher.AEAD
	handler    http.Handler
	turns      turns
	pressed    turns
	stopping   atomic.Bool
}

// New makes the site. The mailbox is nil outside development mode.
func New(c Config, r *roster.Roster, a *account.Accounts, sessions *account.Sessions, mailbox *mail.Mailbox, health func(context.Context) Health, log *slog.Logger) (*Server, error) {
	if c.URL == nil || c.URL.Host == "" || (c.URL.Scheme != "http" && c.URL.Scheme != "https") {
		return nil, errors.New("web: the public address is not complete")
	}
	if len(c.Key) != 32 {
		return nil, fmt.Errorf("web: the key has %d bytes, not 32", len(c.Key))
	}
	s := &Server{config: c, roster: r, accounts: a, mailbox: mailbox, health: health, sessions: newSessions(c, sessions), log: log,
		origin: http.NewCrossOriginProtection(), forwarding: &forwarding{proxies: c.Proxies, socket: c.BySocket, log: log},
		turns: turns{atOnce: c.AtOnce, patience: turnTime}, pressed: turns{atOnce: pressesAtOnce, patience: pressTime}}
	keys, err := hkdf.Key(sha256.New, c.Key, nil, "roster mark of a person", 64)
	if err != nil {
		return nil, fmt.Errorf("derive the key of marks: %w", err)
	}
	s.markKey = keys[:32]
	if s.markBlock, err = aes.NewCipher(keys[32:]); err != nil {
		return nil, fmt.Errorf("make the cipher of marks: %w", err)
	}
	if s.noticeSeal, err = newSeal(c.Key, "roster notice"); err != nil {
		return nil, fmt.Errorf("make the seal of notices: %w", err)
	}
	s.echo = s.build()
	if err := s.declared(); err != nil {
		return nil, err
	}
	s.handler = s.stack(s.layers())
	return s, nil
}

// newSeal makes a seal with a key of its own, derived for one purpose.
func newSeal(key []byte, purpose string) (cipher.AEAD, error) {
	own, err := hkdf.Key(sha256.New, key, nil, purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(own)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Handler answers everything.
func (s *Server) Handler() http.Handler { return s.handler }

// Stop makes the site not ready, so that a load balancer looks elsewhere; requests are served on, and only what
// would never end is ended.
func (s *Server) Stop() {
	s.stopping.Store(true)
	if s.config.Live != nil {
		s.config.Live.Stop()
	}
}

// budget is the time a request has, from its first byte to its answer.
const budget = 10 * time.Second

// layer is a part of the stack around the router.
type layer = func(http.Handler) http.Handler

// layers are what a request goes through, outermost first. Each layer refuses what the ones below it need
// not know about; static files and health go past all but the first two.
func (s *Server) layers() []layer {
	return []layer{
		s.watch,      // request id, the client's address, recovery from a panic, the access log
		s.headers,    // the policy, on every answer, errors included
		s.beside,     // static files and health: no session, no database, any Host
		s.knownHost,  // only the configured one
		s.wholeLinks, // links that mail and chat have broken
		s.limits,     // sizes, encodings, fields: before anything is parsed
		s.sameOrigin, // unsafe requests come from our own pages
		s.inTime,     // the budget
		s.presses,    // the forms of one log-in wait for each other before they take a connection
		s.session,    // who is it; outside Echo, so that errors are answered inside it
	}
}

// stack puts the layers around the router.
func (s *Server) stack(layers []layer) http.Handler {
	var h http.Handler = s.echo
	for i := len(layers) - 1; i >= 0; i-- {
		h = layers[i](h)
	}
	return h
}

// beside answers what needs neither a session nor the configured Host.
func (s *Server) beside(next http.Handler) http.Handler {
	files := static.Handler()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch path := r.URL.Path; {
		case strings.HasPrefix(path, static.Prefix):
			files.ServeHTTP(w, r)
		case path == paths.Live, path == paths.Ready, path == paths.Health:
			s.tellHealth(w, r)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// site is who runs this, for the foot of pages.
func (s *Server) site() layout.Site {
	return layout.Site{Operator: s.config.Operator, PrivacyURL: s.config.PrivacyURL, HelpURL: s.config.HelpURL, DevMail: s.config.Dev && s.mailbox != nil}
}
