package devservertest_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.temporal.io/sdk/client"

	"slipway/devserver"
	"slipway/devserver/devservertest"
)

func TestAFreshServerTakesWorkflowsAtOnce(t *testing.T) {
	server := devservertest.Start(t)
	run, err := server.Client.ExecuteWorkflow(t.Context(), client.StartWorkflowOptions{ID: "one", TaskQueue: "any"}, "Any")
	if err != nil {
		t.Fatal(err)
	}
	if run.GetID() != "one" {
		t.Errorf("started workflow %q, want one", run.GetID())
	}
}

func TestServersKnowNothingOfEachOther(t *testing.T) {
	first, second := devservertest.Start(t), devservertest.Start(t)
	options := client.StartWorkflowOptions{ID: "one", TaskQueue: "any"}
	if _, err := first.Client.ExecuteWorkflow(t.Context(), options, "Any"); err != nil {
		t.Fatal(err)
	}
	if _, err := second.Client.DescribeWorkflowExecution(t.Context(), "one", ""); err == nil {
		t.Error("the second server knows a workflow of the first")
	}
}

func TestAServerIsGoneAfterItsTest(t *testing.T) {
	var address string
	t.Run("test", func(t *testing.T) { address = devservertest.Start(t).Address })
	if devserver.Ready(t.Context(), address) == nil {
		t.Errorf("the server at %s still answers", address)
	}
}

func TestAServerThatCannotStartSaysWhy(t *testing.T) {
	path := t.TempDir()
	fakeTemporal(t, path, "echo the disk is full; exit 4")
	t.Setenv("PATH", path)
	_, err := devservertest.Launch(t.Context(), t.Output())
	for _, want := range []string{"exit status 4", "the disk is full"} {
		if err == nil || !contains(err, want) {
			t.Errorf("got error %v, want one with %q", err, want)
		}
	}
}

func fakeTemporal(t *testing.T, folder, script string) {
	t.Helper()
	err := os.WriteFile(filepath.Join(folder, "temporal"), []byte("#!/bin/sh\n"+script), 0o755)
	if err != nil {
		t.Fatal(err)
	}
}

func contains(err error, text string) bool { return strings.Contains(err.Error(), text) }
