package main

import (
	"context"
	"log/slog"

	"github.com/jackc/pgx/v5"
)

// pgxTx is the transaction of River's driver.
type pgxTx = pgx.Tx

// levelHandler lets through what is at least as serious as a level: River tells of every job otherwise.
type levelHandler struct {
	slog.Handler
	least slog.Level
}

func (h levelHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= h.least && h.Handler.Enabled(ctx, level)
}

func (h levelHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return levelHandler{h.Handler.WithAttrs(attrs), h.least}
}

func (h levelHandler) WithGroup(name string) slog.Handler {
	return levelHandler{h.Handler.WithGroup(name), h.least}
}
