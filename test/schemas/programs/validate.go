// Validates the data of each case by the schema of its type, formats included, and prints 1 for valid and 0 for invalid.
package main

import (
	"bufio"
	"fmt"
	"log"
	"os"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

func schemaOf(kind string) *jsonschema.Schema {
	file, err := os.Open("schemas/" + kind + ".json")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	document, err := jsonschema.UnmarshalJSON(file)
	if err != nil {
		log.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	id := document.(map[string]any)["$id"].(string)
	if err := compiler.AddResource(id, document); err != nil {
		log.Fatal(err)
	}
	return compiler.MustCompile(id)
}

func main() {
	file, err := os.Open("cases.jsonl")
	if err != nil {
		log.Fatal(err)
	}
	schemas := map[string]*jsonschema.Schema{}
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		value, err := jsonschema.UnmarshalJSON(strings.NewReader(lines.Text()))
		if err != nil {
			log.Fatal(err)
		}
		event := value.(map[string]any)
		kind := event["type"].(string)
		if schemas[kind] == nil {
			schemas[kind] = schemaOf(kind)
		}
		if schemas[kind].Validate(event["data"]) == nil {
			fmt.Print(1)
		} else {
			fmt.Print(0)
		}
	}
	if err := lines.Err(); err != nil {
		log.Fatal(err)
	}
	fmt.Println()
}
