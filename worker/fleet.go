package main

import (
	"context"

	"go.temporal.io/sdk/client"
	"golang.org/x/time/rate"

	"slipway/activities"
	"slipway/catalog"
	"slipway/lifecycle"
	"slipway/workflows"
)

// newFleet is the activities of fleet acts. They send commands as the web does, through a client that signs them for the person who began
// the act: the catalogue, where only the web writes, says who that is.
func newFleet(signing client.Client, perSecond float64, catalogue *catalog.Catalog) *activities.Fleet {
	sender := workflows.Client{Temporal: signing, Known: catalogue.Knows}
	return &activities.Fleet{
		Catalog: catalogue, Send: func(ctx context.Context, id string, command lifecycle.Command) error {
			return sender.Signal(ctx, id, command)
		},
		Pace: rate.NewLimiter(rate.Limit(perSecond), 1), AtOnce: fleetCommandsAtOnce, Patience: fleetPatience, Rest: fleetRest,
	}
}
