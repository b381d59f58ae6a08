package pages

import (
	"math"
	"slices"
	"strconv"

	"slipway/catalog"
	"slipway/lifecycle"
)

const (
	valueLane   = 64.0 // of a rule, with its name above it
	valueHeight = 36.0
	valueColumn = 0.8 // the part of the width that shows one value of a rule
)

// ruleValues is what one rule of a health gate came to in a rollout.
type ruleValues struct {
	lifecycle.HealthRule
	Values []catalog.HealthValue // oldest first
}

// ruleValuesOf sorts values by the rules of the plan; those of rules that it no longer has come last, without limits.
func ruleValuesOf(values []catalog.HealthValue, health *lifecycle.Health) (all []ruleValues) {
	if health != nil {
		for _, rule := range health.All() {
			all = append(all, ruleValues{HealthRule: rule})
		}
	}
	for _, value := range values {
		i := slices.IndexFunc(all, func(rule ruleValues) bool { return rule.Name == value.Name })
		if i < 0 {
			i = len(all)
			all = append(all, ruleValues{HealthRule: lifecycle.HealthRule{Name: value.Name, DryRun: value.DryRun}})
		}
		all[i].Values = append(all[i].Values, value)
	}
	return slices.DeleteFunc(all, func(rule ruleValues) bool { return len(rule.Values) == 0 })
}

// valueRow is a row of the table of values: what a rule came to in a stage.
type valueRow struct {
	Rule, Stage, Limits, Lowest, Highest string
	Last                                 string
	LastIn                               lifecycle.RuleHealth
	DryRun                               bool
}

// title is the name of a rule, with what is not a breach.
func (w words) title(rule lifecycle.HealthRule) string {
	title := rule.Name
	if title == "" {
		title = w.t("Health gate")
	}
	if limits := w.limits(rule); limits != "" {
		title = w.t("%s: %s", title, limits)
	}
	if rule.DryRun {
		title = w.t("%s (dry run)", title)
	}
	return title
}

// drawValues draws a lane for each rule, whose upper and lower edges are the extremes of its values and limits.
func (c *chart) drawValues(s story, a axis, w words) {
	for _, rule := range s.Values {
		scale := scaleOf(rule)
		if !scale.some {
			continue
		}
		top := c.Height + valueLane - valueHeight
		c.Texts = append(c.Texts, chartText{"name", "0%", pixels(top - 7), w.title(rule.HealthRule)})
		for _, limit := range []*float64{rule.Max, rule.Min} {
			if limit != nil {
				c.line("limit", 0, top+scale.y(*limit), a.x(s.Now), top+scale.y(*limit))
			}
		}
		c.drawLane(rule, scale, top, a)
		c.Height += valueLane
	}
	if len(s.Values) > 0 {
		c.Height += 8
	}
}

// drawLane draws one value for each part of the width, the last of those that fall there, and how far all of them reach.
func (c *chart) drawLane(rule ruleValues, scale valueScale, top float64, a axis) {
	beforeX, beforeY := -1.0, 0.0
	for _, column := range columnsOf(rule.Values, a) {
		class := "value"
		if column.breached {
			class = "value breach"
		}
		if low, high := top+scale.y(column.lowest), top+scale.y(column.highest); low-high >= 1 {
			c.line("extent "+class, column.x, low, column.x, high)
		}
		y := top + scale.y(column.last)
		if beforeX < 0 {
			beforeX, beforeY = max(0, column.x-valueColumn/2), y
		}
		c.line(class, beforeX, beforeY, column.x, y)
		beforeX, beforeY = column.x, y
	}
}

// valueScale maps values to a lane.
type valueScale struct {
	low, high float64
	some      bool
}

func scaleOf(rule ruleValues) valueScale {
	scale := valueScale{low: math.Inf(1), high: math.Inf(-1)}
	include := func(values ...*float64) {
		for _, value := range values {
			if value != nil {
				scale.low, scale.high = min(scale.low, *value), max(scale.high, *value)
			}
		}
	}
	for _, value := range rule.Values {
		scale.some = scale.some || value.Lowest != nil
		include(value.Lowest, value.Highest)
	}
	include(rule.Min, rule.Max)
	return scale
}

func (s valueScale) y(value float64) float64 {
	if s.high <= s.low {
		return valueHeight / 2
	}
	return valueHeight * (1 - min(1, max(0, value/(s.high-s.low)-s.low/(s.high-s.low)))) // never an overflow of the difference
}

// column is what a rule came to within a part of the width.
type column struct {
	x, lowest, highest, last float64
	breached                 bool
}

func columnsOf(values []catalog.HealthValue, a axis) (columns []column) {
	for _, value := range values {
		if value.Lowest == nil || value.Highest == nil {
			continue
		}
		next := column{x: a.x(value.At), lowest: *value.Lowest, highest: *value.Highest, last: *value.Lowest}
		if value.Value != nil {
			next.last = *value.Value
		}
		next.breached = value.Verdict == lifecycle.Unhealthy || value.Breaches > 0
		if n := len(columns); n > 0 && next.x-columns[n-1].x < valueColumn {
			last := &columns[n-1]
			last.lowest, last.highest = min(last.lowest, next.lowest), max(last.highest, next.highest)
			last.last, last.breached = next.last, last.breached || next.breached
			continue
		}
		columns = append(columns, next)
	}
	return columns
}

// tellValues writes the table of values: a row for each rule in each stage.
func (c *chart) tellValues(s story, w words) {
	for _, rule := range s.Values {
		for _, stage := range byStage(rule.Values) {
			c.ValueRows = append(c.ValueRows, w.valueRow(rule.HealthRule, stage))
		}
	}
}

func byStage(values []catalog.HealthValue) (stages [][]catalog.HealthValue) {
	for i, value := range values {
		if i == 0 || value.Stage != values[i-1].Stage {
			stages = append(stages, nil)
		}
		stages[len(stages)-1] = append(stages[len(stages)-1], value)
	}
	return stages
}

func (w words) valueRow(rule lifecycle.HealthRule, values []catalog.HealthValue) valueRow {
	last := values[len(values)-1]
	row := valueRow{
		Rule: rule.Name, Stage: strconv.Itoa(last.Stage), Limits: w.limits(rule), Last: valueText(last.Value), LastIn: last.RuleHealth,
		DryRun: rule.DryRun,
	}
	if row.Rule == "" {
		row.Rule = w.t("Health gate")
	}
	var lowest, highest *float64
	for _, value := range values {
		if value.Lowest != nil && (lowest == nil || *value.Lowest < *lowest) {
			lowest = value.Lowest
		}
		if value.Highest != nil && (highest == nil || *value.Highest > *highest) {
			highest = value.Highest
		}
	}
	row.Lowest, row.Highest = valueText(lowest), valueText(highest)
	return row
}

// gateOf is the health gate that a rollout went by last; nil when there was none.
func gateOf(records []lifecycle.Record) *lifecycle.Health {
	for _, record := range slices.Backward(records) {
		if record.Command.Plan != nil {
			return record.Command.Plan.Health
		}
	}
	return nil
}
