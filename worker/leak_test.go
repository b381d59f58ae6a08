package main

import (
	"testing"

	"slipway/leaktest"
)

func TestMain(m *testing.M) { leaktest.Main(m) }
