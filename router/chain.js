// Written by astraeus-provision. An agent that is called directly goes on with the next model of its chain: OpenCode
// itself would ask the same one again for a minute, and the oh-my-openagent plugin knows chains of its own agents alone.
const CHAINS = {}
// What its own agents may read, by patterns: its configuration has no form for them, and is applied before this.
const READS = {}
const named = (model) => {
  const [providerID, ...rest] = model.split("/")
  return { providerID, modelID: rest.join("/") }
}
export const AstraeusChain = async ({ client }) => {
  const leaving = new Set() // sessions that are on their way to the next model
  // What was asked and who is next; nothing for a delegated session, an answer that has begun, or the end of a chain.
  const situation = async (sessionID) => {
    const session = (await client.session.get({ path: { id: sessionID } })).data
    if (!session || session.parentID) return
    const messages = (await client.session.messages({ path: { id: sessionID } })).data ?? []
    const asked = messages.findLast((one) => one.info.role === "user")
    const answer = messages.findLast((one) => one.info.role === "assistant" && one.info.parentID === asked?.info.id)
    const chain = asked && CHAINS[asked.info.agent]
    if (!chain || !answer || answer.parts.some((part) => part.type === "text" && part.text)) return
    const at = chain.indexOf(`${answer.info.providerID}/${answer.info.modelID}`)
    return at >= 0 && chain[at + 1] ? { asked, next: chain[at + 1] } : undefined
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
  return {
    config: async (config) => {
      for (const [agent, read] of Object.entries(READS)) {
        const permission = config.agent?.[agent]?.permission
        if (permission?.read === "allow") permission.read = read
      }
    },
    event: async ({ event }) => {
      const { sessionID, error, status } = event.properties ?? {}
      if (event.type === "session.status" && status?.type === "retry" && !leaving.has(sessionID)) {
        const found = await situation(sessionID)
        if (!found) return
        leaving.add(sessionID)
        await client.session.abort({ path: { id: sessionID } })
        leaving.delete(sessionID)
        await goOn(sessionID, found)
      }
      if (event.type === "session.error" && error?.name === "APIError" && !leaving.has(sessionID)) {
        const found = await situation(sessionID)
        if (found) await goOn(sessionID, found)
      }
    },
  }
}
