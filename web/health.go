package web

import (
	"context"
	"encoding/json"
	"net/http"
	"time"

	"roster/views/paths"
)

// Health is how the parts of an installation are. A node is ready while it can serve pages: mail that waits
// is worth knowing, and no reason to send people away.
type Health struct {
	Database   Check `json:"database"`
	Migrations Check `json:"migrations"`
	Keys       Check `json:"keys"`
	Mail       Check `json:"mail"`
}

// Check is one part. The detail is for operators, and anybody may read it: no address, no name.
type Check struct {
	OK     bool   `json:"ok"`
	Detail string `json:"detail,omitempty"`
}

// Ready tells whether pages can be served.
func (h Health) Ready() bool { return h.Database.OK && h.Migrations.OK && h.Keys.OK }

// healthTime is how long the parts have to answer.
const healthTime = 2 * time.Second

// tellHealth answers load balancers and operators: alive while the process answers at all, ready while it
// can serve and is not about to stop.
func (s *Server) tellHealth(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if !isSafe(r) {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "Health is only read.", http.StatusMethodNotAllowed)
		return
	}
	if r.URL.Path == paths.Live {
		tellPlain(w, http.StatusOK, "alive\n")
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), healthTime)
	defer cancel()
	health := s.health(ctx)
	stopping := s.stopping.Load()
	status, word := http.StatusOK, "ready"
	switch {
	case stopping:
		status, word = http.StatusServiceUnavailable, "stopping"
	case !health.Ready():
		status, word = http.StatusServiceUnavailable, "not ready"
	}
	askLater(w.Header(), status)
	var proxy *Check
	if detail := s.forwarding.tell(r); detail != "" { // worth knowing, and no reason to send people away
		proxy = &Check{Detail: detail}
	}
	if r.URL.Path == paths.Ready {
		text := word + "\n"
		if proxy != nil {
			text += "proxy: " + proxy.Detail + "\n"
		}
		tellPlain(w, status, text)
		return
	}
	body, err := json.Marshal(struct {
		Status  string `json:"status"`
		Version string `json:"version"`
		Health
		Proxy *Check `json:"proxy,omitempty"`
	}{word, s.config.Version, health, proxy})
	if err != nil {
		tellPlain(w, http.StatusInternalServerError, "cannot tell\n")
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(body, '\n'))
}

func tellPlain(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text))
}
