package db_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"roster/db/dbtest"
)

// C027: those who were ticked are found by their ids, however many there are beside them.
func TestTickedMembersAreProbes(t *testing.T) {
	t.Parallel()
	d := dbtest.New(t)
	acme := bigOrganization(t, d, 20_000)
	ids := make([]uuid.UUID, 50)
	for i := range ids {
		ids[i] = uuid.New()
	}
	got := plan(t, d, "roster_app", acme, `SELECT m.name FROM roster.memberships m WHERE m.org_id = $1 AND m.id = ANY ($2::uuid[]) ORDER BY m.sort_name, m.user_id`, acme, ids)
	if !strings.Contains(got, "memberships_id_key") || !strings.Contains(got, "org_id = ") || strings.Contains(got, "Seq Scan") {
		t.Error(got)
	}
}
