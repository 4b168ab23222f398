package prove

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"

	"roster/db"
)

//go:embed catalogue.sql
var catalogueSQL string

// Catalogue lists what in the catalogue of a database breaks the rules of row security. The connection must
// not have roster in its search_path.
func Catalogue(ctx context.Context, roles db.Roles, conn interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}) ([]string, error) {
	rows, err := conn.Query(ctx, roles.In(catalogueSQL))
	if err != nil {
		return nil, fmt.Errorf("read the catalogue: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

func catalogueFamily(ctx context.Context, p *proof) error {
	violations, err := Catalogue(ctx, p.Config.Roles, p.owner)
	if err != nil {
		return err
	}
	a := Attack{Target: "schema", Name: "look for what breaks the rules", As: ownerRole, Result: "nothing", Verdict: Held}
	for _, one := range violations {
		a.Result, a.Verdict, a.Detail = "found", Broken, one
		p.note(ctx, a)
	}
	if len(violations) == 0 {
		p.note(ctx, a)
	}
	return nil
}
