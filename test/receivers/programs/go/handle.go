// Your code. Here it tells the matrix what it was given.
package main

import (
	"encoding/json"
	"fmt"
)

func handle(event any) {
	text, _ := json.Marshal(event)
	fmt.Printf("GOT %s\n", text)
}
