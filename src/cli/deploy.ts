export async function deploy(_args: string[]): Promise<number> {
  return 1
}
