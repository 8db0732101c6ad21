// Written by astraeus-provision. An agent goes on with the next model of its chain where OpenCode itself would ask the
// same one again for a minute: at once where nobody else would, an agent of ours that is called directly; elsewhere
// after a moment in which the oh-my-openagent plugin has not gone on itself.
const CHAINS = {}
// Agents that we bring: the other plugin knows no chains of theirs.
const OURS = []
// The provider whose faults the other plugin always understands.
const POOL = ""
// What its own agents may read, by patterns: its configuration has no form for them, and is applied before this.
const READS = {}
const MOMENT_MS = 500
const named = (model) => {
  const [providerID, ...rest] = model.split("/")
  return { providerID, modelID: rest.join("/") }
}
export const AstraeusChain = async ({ client }) => {
  const leaving = new Set() // sessions that are on their way to the next model
  const waiting = new Map() // sessions that wait for another try, each with the event that said so
  // What was asked and who is next; nothing for an answer that has begun, or the end of a chain.
  const situation = async (sessionID) => {
    const session = (await client.session.get({ path: { id: sessionID } })).data
    if (!session) return
    const messages = (await client.session.messages({ path: { id: sessionID } })).data ?? []
    const asked = messages.findLast((one) => one.info.role === "user")
    const answer = messages.findLast((one) => one.info.role === "assistant" && one.info.parentID === asked?.info.id)
    const chain = asked && CHAINS[asked.info.agent]
    if (!chain || !answer || answer.parts.some((part) => part.type === "text" && part.text)) return
    const at = chain.indexOf(`${answer.info.providerID}/${answer.info.modelID}`)
    if (at < 0 || !chain[at + 1]) return
    const alone = !session.parentID && OURS.includes(asked.info.agent)
    return { asked, next: chain[at + 1], alone, pooled: answer.info.providerID === POOL }
  }
  const goOn = async (sessionID, found) =>
    client.session.promptAsync({
      path: { id: sessionID },
      body: {
        messageID: found.asked.info.id,
        agent: found.asked.info.agent,
        model: named(found.next),
        parts: found.asked.parts
          .filter((part) => part.type === "text" && !part.synthetic)
          .map((part) => ({ id: part.id, type: "text", text: part.text })),
      },
    })
  const leave = async (sessionID, found) => {
    leaving.add(sessionID)
    await client.session.abort({ path: { id: sessionID } })
    leaving.delete(sessionID)
    await goOn(sessionID, found)
  }
  const retries = async (sessionID, event) => {
    const found = await situation(sessionID)
    if (!found || (!found.alone && found.pooled)) return
    if (!found.alone) {
      await new Promise((done) => setTimeout(done, MOMENT_MS))
      if (waiting.get(sessionID) !== event) return
    }
    await leave(sessionID, found)
  }
  return {
    config: async (config) => {
      for (const [agent, read] of Object.entries(READS)) {
        const permission = config.agent?.[agent]?.permission
        if (permission?.read === "allow") permission.read = read
      }
    },
    event: async ({ event }) => {
      const { sessionID, error, status } = event.properties ?? {}
      if (event.type === "session.status") {
        waiting.delete(sessionID)
        if (status?.type === "retry" && !leaving.has(sessionID)) {
          waiting.set(sessionID, event)
          await retries(sessionID, event)
        }
      }
      if (event.type === "session.error" && error?.name === "APIError" && !leaving.has(sessionID)) {
        const found = await situation(sessionID)
        if (found?.alone) await goOn(sessionID, found)
      }
    },
  }
}
