package main

import (
	"context"
	"testing"
	"time"
	"os"
)

func TestFill(t *testing.T) {
	s := &site{folder: os.Getenv("FILL_DIR")}
	begin := time.Now()
	if err := s.fill(context.Background()); err != nil && manyPrograms == 100000 { t.Log(err) }
	t.Log(time.Since(begin))
}
