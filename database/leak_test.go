package database_test

import (
	"testing"

	"slipway/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
