package config

import (
	"fmt"

	"github.com/prometheus/prometheus/promql/parser"

	"slipway/lifecycle"
)

// promQL takes all that a Prometheus may take that has everything switched on.
var promQL = parser.NewParser(parser.Options{EnableExperimentalFunctions: true, EnableBinopFillModifiers: true})

// brokenQueries looks at the health gates of plans: Prometheus would refuse their queries when a release is under way already.
func brokenQueries(settings lifecycle.Settings) (found lifecycle.Faults) {
	for _, name := range settings.PlanNames() {
		health := settings.Plans[name].Health
		if health == nil {
			continue
		}
		for i, rule := range health.Filled("mini-program", "1.0.0").All() {
			_, err := promQL.ParseExpr(rule.Query)
			if err == nil {
				continue
			}
			where := "health"
			if rule.Name != "" {
				where = fmt.Sprintf("health.rules[%d]", i)
			}
			found = append(found, lifecycle.Fault{
				Path: "plans." + name + "." + where + ".query",
				Says: fmt.Sprintf("plan %q: %s.query is no PromQL, with the placeholders filled in: %.300s", name, where, err),
			})
		}
	}
	return found
}
