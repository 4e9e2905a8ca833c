// Your code. Here it tells the matrix what it was given.
export function handle(event) {
  console.log(`GOT ${JSON.stringify(event ?? null)}`)
}
