package prove

import (
	"bytes"
	"strings"
	"time"

	"github.com/google/uuid"

	"roster/db"
)

// enter is the setting by which a transaction enters an organization, as the program would make it.
func (p *proof) enter(org uuid.UUID) string {
	if p.Config.ContextKey == nil {
		return org.String()
	}
	return db.SignContext(p.Config.ContextKey, org, time.Now().Add(time.Hour))
}

// forgeries are scopes that claim to be in an organization without a good signature; none where contexts
// are not signed.
func (p *proof) forgeries(org, own uuid.UUID) (scopes []scope) {
	key := p.Config.ContextKey
	if key == nil {
		return nil
	}
	soon := time.Now().Add(time.Hour)
	signed := db.SignContext(key, org, soon)
	for _, f := range []struct{ name, value string }{
		{"bare id of B", org.String()},
		{"signature of B, expired", db.SignContext(key, org, time.Now().Add(-time.Hour))},
		{"signature of B, by another key", db.SignContext(bytes.Repeat([]byte("?"), len(key)), org, soon)},
		{"signature of A, said to be of B", strings.Replace(db.SignContext(key, own, soon), own.String(), org.String(), 1)},
		{"signature of B, cut short", signed[:len(signed)-1]},
		{"signature of B, all zeros", signed[:len(signed)-64] + strings.Repeat("0", 64)},
	} {
		scopes = append(scopes, scope{name: f.name, settings: []setting{{"roster.org_id", f.value}}, invalid: true})
	}
	return scopes
}
