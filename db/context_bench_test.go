package db_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"roster/db"
	"roster/db/dbtest"
	"roster/db/rosterdb"
)

// What signed contexts cost, as a ratio of the throughput without them: the two take turns, and the median
// of the turns counts.
//
//	go test ./db -run '^$' -bench SignedContext
func BenchmarkSignedContext(b *testing.B) {
	bare, signed := dbtest.New(b), dbtest.Signed(b)
	if err := db.Migrate(b.Context(), bare.URL("roster_migrate"), nil); err != nil {
		b.Fatal(err)
	}
	type side struct {
		db  *db.DB
		org uuid.UUID
	}
	var sides []side
	for _, d := range []*dbtest.Database{bare, signed} {
		acme, _ := twoOrganizations(b, d)
		conn := d.Superuser(b)
		for _, sql := range []string{
			`INSERT INTO roster.users (id, name, email, email_norm, sort_name, search_text)
			   SELECT gen_random_uuid(), 'Member ' || n, n || '@x.example', n || '@x.example', 'member ' || n, ' member ' || n FROM generate_series(1, 10000) n`,
			`INSERT INTO roster.memberships (org_id, user_id, id, joined_through, invited_by)
			   SELECT '` + acme.String() + `', u.id, gen_random_uuid(), 'invitation', (SELECT user_id FROM roster.memberships WHERE org_id = '` + acme.String() + `' LIMIT 1)
			     FROM roster.users u WHERE u.name LIKE 'Member %'`,
			`VACUUM ANALYZE roster.memberships`,
		} {
			if _, err := conn.Exec(b.Context(), sql); err != nil {
				b.Fatal(err)
			}
		}
		sides = append(sides, side{d.Open(b), acme})
	}
	for name, ask := range map[string]func(side) error{
		"point": func(s side) error {
			_, err := s.db.Read(s.org).GetOverview(b.Context(), rosterdb.GetOverviewParams{OrgID: s.org})
			return err
		},
		"page": func(s side) error {
			_, err := s.db.Read(s.org).ListMembersByName(b.Context(), rosterdb.ListMembersByNameParams{OrgID: s.org, PageSize: 51})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			const turn = 100
			for _, s := range sides { // prepared, planned, in memory
				for range turn {
					if err := ask(s); err != nil {
						b.Fatal(err)
					}
				}
			}
			var took [2][]time.Duration
			for b.Loop() {
				for i, s := range sides {
					began := time.Now()
					for range turn {
						if err := ask(s); err != nil {
							b.Fatal(err)
						}
					}
					took[i] = append(took[i], time.Since(began))
				}
			}
			for i := range took {
				slices.Sort(took[i])
			}
			middle := len(took[0]) / 2
			b.ReportMetric(float64(took[0][middle].Microseconds())/turn, "bare-µs")
			b.ReportMetric(float64(took[1][middle].Microseconds())/turn, "signed-µs")
			b.ReportMetric(float64(took[0][middle])/float64(took[1][middle]), "signed/bare")
		})
	}
}
