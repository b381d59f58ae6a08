package e2e

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	enumspb "go.temporal.io/api/enums/v1"
	historypb "go.temporal.io/api/history/v1"
	"go.temporal.io/api/workflow/v1"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"slipway/devserver/devservertest"
	"slipway/workflows"
)

// notRecorded are tests whose histories only repeat others, are large, or cannot be read.
var notRecorded = []string{"race-", "rubbish", "remarks", "codec", "asleep", "killed-", "cancelled-", "resumed-", "refusing-", "unknown-type"}

// record writes the history of every run on a server into the folder that RECORD_HISTORIES names, if it names one, for the
// replay tests of package workflows.
func record(temporal *devservertest.Server) error {
	ctx, folder := context.Background(), os.Getenv("RECORD_HISTORIES")
	if folder == "" {
		return nil
	}
	if err := os.MkdirAll(folder, 0o750); err != nil {
		return err
	}
	list, err := temporal.Client.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{PageSize: 1000})
	if err != nil {
		return err
	}
	runs := map[string]int{}
	for i := len(list.Executions) - 1; i >= 0; i-- { // the list begins with the newest
		name := recordedAs(list.Executions[i].Execution.WorkflowId)
		runs[name]++
		if !recorded(name) {
			continue
		}
		file := filepath.Join(folder, fmt.Sprintf("%s-%d.json.gz", name, runs[name]))
		if err := recordRun(ctx, temporal, file, list.Executions[i]); err != nil {
			return fmt.Errorf("recording %s: %w", file, err)
		}
	}
	return nil
}

// recordedAs names the files of a workflow: mini-programs by their id alone, fleet acts, whose ids mean nothing, in one row.
func recordedAs(workflowID string) string {
	name := strings.TrimPrefix(workflowID, workflows.WorkflowID(""))
	if act := workflows.FleetWorkflowID(""); strings.HasPrefix(name, act) {
		name = act
	}
	return strings.ReplaceAll(strings.Trim(name, "/"), "/", "-")
}

func recorded(name string) bool {
	for _, prefix := range notRecorded {
		if strings.HasPrefix(name, prefix) {
			return false
		}
	}
	return true
}

func recordRun(ctx context.Context, temporal *devservertest.Server, file string, run *workflow.WorkflowExecutionInfo) error {
	history := &historypb.History{}
	events := temporal.Client.GetWorkflowHistory(ctx, run.Execution.WorkflowId, run.Execution.RunId, false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	for events.HasNext() {
		event, err := events.Next()
		if err != nil {
			return err
		}
		history.Events = append(history.Events, event)
	}
	data, err := protojson.Marshal(history)
	if err != nil {
		return err
	}
	out, err := os.Create(file) //nolint:gosec // the developer names the folder
	if err != nil {
		return err
	}
	zipper := gzip.NewWriter(out)
	_, err = zipper.Write(data)
	return errors.Join(err, zipper.Close(), out.Close())
}
