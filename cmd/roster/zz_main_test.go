package main

import (
	"testing"

	"roster/db/dbtest"
)

func TestMain(m *testing.M) { dbtest.Main(m) }
