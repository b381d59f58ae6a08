package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"slipway/lifecycle"
)

func TestAStatusSaysWhatTheRulesOfTheHealthGateFound(t *testing.T) {
	now := time.Date(2026, time.November, 1, 12, 0, 0, 0, time.UTC)
	ends := now.Add(time.Hour)
	status := lifecycle.Status{ID: "weather", Title: "Weather", Team: "acme", Rollout: &lifecycle.RolloutStatus{
		Stage: 1, Stages: 3, EndsAt: &ends, Health: &lifecycle.HealthVerdict{
			Status: lifecycle.Healthy, Detail: "traffic (dry run): 7 is below the limit of 50", Rules: []lifecycle.RuleHealth{
				{Name: "errors", Verdict: lifecycle.Healthy, Value: new(0.0123456), At: now.Add(-20 * time.Second)},
				{Name: "traffic", Verdict: lifecycle.Unhealthy, Value: new(7.0), Breaches: 2, DryRun: true, At: now.Add(-5 * time.Second)},
				{Name: "latency", Verdict: lifecycle.HealthUnknown, Reason: lifecycle.NoData, At: now.Add(-time.Minute)},
			},
		},
	}}
	assert.Equal(t, []string{
		"health      healthy: traffic (dry run): 7 is below the limit of 50",
		"            errors: healthy, 0.01235, 20s ago",
		"            traffic: unhealthy, 7, breaches in a row: 2, dry run, 5s ago",
		"            latency: unknown, 1m ago",
	}, statusLines(status, now)[3:7])
	status.Rollout.Health = &lifecycle.HealthVerdict{Status: lifecycle.Healthy}
	assert.Contains(t, statusLines(status, now), "health      healthy")
}
